package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.TransferLeaderRequest;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.status.FleetStatus;
import io.flotilla.ops.status.FleetStatus.GroupLine;
import io.flotilla.ops.status.StatusReader;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code leaders transfer G --to N}. */
@Command(
        name = "transfer",
        description = {
            "Let another replica of a group lead. Its clients notice a pause: of some milliseconds, or until the replica has what it lacks.",
            "Leaders are spread evenly by themselves: where the node then leads two groups more than another one, one of them may go back.",
            "Prints who leads. Exits 3 if the replica did not take over, and with --wait tries again until it has."
        })
final class LeadersTransferVerb extends ClientVerb {
    private static final long PAUSE_MILLIS = 500;

    @Parameters(index = "0", paramLabel = "GROUP", description = "The group's id; 0 is the controller.")
    private long group;

    @Option(names = "--to", required = true, paramLabel = "NODE", description = "The node whose replica shall lead.")
    private String to;

    @Option(names = "--dry-run", description = "Show what would be done, and change nothing.")
    private boolean dryRun;

    @Option(names = "--wait", description = "Try again until it leads, however long it takes.")
    private boolean wait;

    LeadersTransferVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected int run(FlotillaClient client) throws Exception {
        if (dryRun && wait) {
            throw CliException.usage(verb() + ": with --dry-run there is nothing to wait for; leave --wait out");
        }
        while (true) {
            Configuration configuration = await(client.async().configuration(options.timeout()));
            FleetStatus fleet = await(StatusReader.read(client.async(), options.timeout()));
            String leader = leader(fleet);
            if (leader.equals(to)) {
                return print(leader, leader);
            }
            if (dryRun && !leader.isEmpty()) {
                return print(leader, to);
            }
            String trouble =
                    leader.isEmpty() ? "group " + group + " has no leader now" : ask(client, configuration, leader);
            if (trouble.isEmpty()) {
                return print(leader, to);
            }
            if (!wait) {
                throw new CliException(ExitCode.UNAVAILABLE, verb() + ": " + trouble + "; try again, or with --wait");
            }
            say(trouble);
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /** Who leads now; empty if nobody is known to. A CliException if the other one can't. */
    private String leader(FleetStatus fleet) {
        GroupLine line = group == 0
                ? fleet.controller()
                : fleet.groups().stream()
                        .filter(each -> each.id() == group)
                        .findFirst()
                        .orElseThrow(() -> CliException.refused(
                                verb() + ": there is no group " + group + "; 'flotilla groups' lists them"));
        FleetStatus.NodeLine node = fleet.nodes().stream()
                .filter(each -> each.id().equals(to))
                .findFirst()
                .orElseThrow(() ->
                        CliException.refused(verb() + ": there is no node " + to + "; 'flotilla nodes' lists them"));
        if (!line.nodes().contains(to)) {
            throw CliException.refused(verb() + ": node " + to + " has no replica of group " + group + "; name one of "
                    + String.join(", ", line.nodes()));
        }
        if (line.learners().contains(to)) {
            throw CliException.refused(verb() + ": the replica of group " + group + " on node " + to
                    + " does not vote yet; 'flotilla groups' tells when it does");
        }
        if (node.state().equals("down")) {
            throw CliException.refused(verb() + ": node " + to + " is down; start it first");
        }
        return line.leader();
    }

    /** @return what went wrong; empty if the other one leads */
    private String ask(FlotillaClient client, Configuration configuration, String leader) throws InterruptedException {
        String address = "";
        for (Node node : configuration.getNodesList()) {
            if (node.getId().equals(leader)) {
                address = node.getAddress();
            }
        }
        if (address.isEmpty()) {
            return "the address of node " + leader + ", which leads group " + group + ", is not known yet";
        }
        Request request = Request.newBuilder()
                .setTransferLeader(
                        TransferLeaderRequest.newBuilder().setGroup(group).setTarget(to))
                .build();
        try {
            Response response =
                    client.async().call(address, request, options.timeout()).get();
            if (response.hasTransferLeader()) {
                String now = response.getTransferLeader().getLeader();
                return now.equals(to) ? "" : "node " + now + " leads group " + group + " now";
            }
            if (response.getRefusal().getKind() == Refusal.Kind.INVALID) {
                throw CliException.refused(verb() + ": " + response.getRefusal().getMessage());
            }
            return response.getRefusal().getKind() == Refusal.Kind.INDETERMINATE
                    ? "node " + to + " did not take group " + group + " over in time, and node " + leader
                            + " goes on leading it"
                    : response.getRefusal().getMessage();
        } catch (ExecutionException unreachable) {
            return "node " + leader + ", which leads group " + group + ", gave no answer: "
                    + unreachable.getCause().getMessage();
        }
    }

    /** The plan of a dry run in the same words as the result. */
    private int print(String from, String leader) {
        if (options.json()) {
            output.json(json -> {
                json.writeNumberField("group", group);
                json.writeStringField("from", from);
                json.writeStringField("leader", leader);
                json.writeBooleanField("dryRun", dryRun);
            });
        } else {
            output.line("group=" + group + " from=" + from + " leader=" + leader);
        }
        output.flush();
        return ExitCode.DONE;
    }
}
