package io.flotilla.ops.command;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.ops.change.ChangePlan;
import io.flotilla.ops.change.Goal;
import io.flotilla.ops.change.Goals;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.Terminal;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code groups join}. */
@Command(
        name = "join",
        description = {
            "Make a group. It has no shards until 'flotilla rebalance' or 'flotilla shards move' gives it some.",
            "Prints its id and the configuration that has it; with --wait once the group has a leader."
        })
final class GroupsJoinVerb extends ChangeVerb {
    @Option(
            names = "--replicas",
            paramLabel = "N1,N2,…",
            split = ",",
            description = "The nodes of its replicas. Default: those with the fewest replicas.")
    private List<String> replicas = List.of();

    @Option(
            names = "--replication",
            paramLabel = "N",
            description = "How many replicas, if --replicas is not given. Default: 3, or all nodes if there are fewer.")
    private Integer replication;

    GroupsJoinVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected FleetChangeRequest.Builder change() {
        if (!replicas.isEmpty() && replication != null) {
            throw CliException.usage(
                    verb() + ": --replicas and --replication are mutually exclusive; the nodes say how many there are");
        }
        if (replication != null && replication < 1) {
            throw CliException.usage(verb() + ": --replication is " + replication + ", but must be at least 1");
        }
        return FleetChangeRequest.newBuilder()
                .setJoinGroup(JoinGroup.newBuilder()
                        .addAllReplicas(replicas)
                        .setReplication(replication == null ? 0 : replication));
    }

    @Override
    protected Goal goal(ChangePlan plan, Configuration before, Configuration committed) {
        return Goals.joined(plan.group());
    }

    @Override
    protected String follow(ChangePlan plan) {
        return "explain group " + plan.group();
    }
}
