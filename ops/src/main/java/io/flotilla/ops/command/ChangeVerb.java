package io.flotilla.ops.command;

import io.flotilla.client.FlotillaClient;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeReply;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.PlannedMove;
import io.flotilla.ops.change.ChangePlan;
import io.flotilla.ops.change.ChangeWait;
import io.flotilla.ops.change.ClientEye;
import io.flotilla.ops.change.Goal;
import io.flotilla.ops.change.Goal.Standing;
import io.flotilla.ops.change.Goal.State;
import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.LiveLine;
import io.flotilla.ops.cli.Terminal;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/**
 * A verb that changes the fleet: the controller commits what is wanted, and the fleet does it by itself. Prints the plan and
 * what was committed; waits for its end if told to, and can be interrupted then, for nothing depends on who waits.
 */
abstract class ChangeVerb extends ClientVerb {
    @Option(names = "--dry-run", description = "Show what would be done, and change nothing.")
    private boolean dryRun;

    @Option(
            names = "--wait",
            description = "Wait until it is done, however long it takes; an interrupt leaves the work going on.")
    private boolean wait;

    protected ChangeVerb(Terminal terminal) {
        super(terminal);
    }

    /** What is asked for. A CliException if that makes no sense. */
    protected abstract FleetChangeRequest.Builder change();

    /**
     * What --wait waits for.
     *
     * @param before the configuration known before the change
     * @param committed the configuration that has it, or a near one
     */
    protected abstract Goal goal(ChangePlan plan, Configuration before, Configuration committed);

    /** The verb that tells how far it is. */
    protected abstract String follow(ChangePlan plan);

    @Override
    protected final int run(FlotillaClient client) throws Exception {
        if (dryRun && wait) {
            throw CliException.usage(verb() + ": with --dry-run there is nothing to wait for; leave --wait out");
        }
        FleetChangeRequest.Builder change = change();
        Configuration before = await(client.async().configuration(options.timeout()));
        FleetChangeReply reply = ask(
                client, change.setFleetId(before.getFleetId()).setDryRun(dryRun).build());
        ChangePlan plan = new ChangePlan(reply, before);
        plan.warnings().forEach(this::say);
        if (!options.json()) {
            plan.lines().forEach(output::line);
            if (!dryRun) {
                output.line(plan.result());
            }
            output.flush();
        }
        if (!wait) {
            print(plan, null);
            return ExitCode.DONE;
        }
        Standing end = waitFor(client, plan, before);
        print(plan, end);
        return told(plan, end);
    }

    private FleetChangeReply ask(FlotillaClient client, FleetChangeRequest change) throws InterruptedException {
        try {
            return client.async().changeFleet(change, options.timeout()).get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof IndeterminateException) {
                throw new CliException(
                        ExitCode.UNAVAILABLE,
                        verb() + ": the controller gave no answer in time: "
                                + failed.getCause().getMessage() + "; 'flotilla status' tells whether the work goes on",
                        failed.getCause());
            }
            throw failure(failed.getCause());
        }
    }

    private void print(ChangePlan plan, Standing end) {
        if (options.json()) {
            output.json(fields -> {
                plan.writeTo(fields);
                fields.writeBooleanField("dryRun", dryRun);
                if (end != null) {
                    fields.writeStringField("outcome", word(end.state()));
                    fields.writeStringField("message", end.text());
                }
            });
        } else if (end != null && end.state() == State.DONE) {
            output.line("done: " + end.text());
        }
        output.flush();
    }

    private static String word(State state) {
        return switch (state) {
            case DONE -> "done";
            case CANCELLED -> "cancelled";
            case TOO_LATE -> "too-late";
            case UNDER_WAY -> "under-way";
        };
    }

    private Standing waitFor(FlotillaClient client, ChangePlan plan, Configuration before) {
        Thread told = new Thread(
                () -> {
                    if (terminal.errIsTerminal()) {
                        terminal.err().println();
                    }
                    say(goesOn("interrupted", plan));
                },
                "wait-stop");
        Runtime.getRuntime().addShutdownHook(told);
        try (LiveLine line = new LiveLine(terminal, verb())) {
            Configuration committed = await(ClientEye.numbered(client.async(), plan.configuration()));
            Goal goal = goal(plan, before, committed == null ? before : committed);
            Set<Long> shards = plan.moves().stream().map(PlannedMove::getShard).collect(Collectors.toSet());
            ChangeWait change = new ChangeWait(new ClientEye(client.async()), System::nanoTime, Thread::sleep);
            return change.until(goal, progress -> line.now(progress.line(shards)));
        } catch (InterruptedException interrupted) {
            throw new CliException(ExitCode.UNAVAILABLE, verb() + ": " + goesOn("interrupted", plan), interrupted);
        } finally {
            removeHook(told);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException stopping) {
            // then it has told
        }
    }

    private String goesOn(String why, ChangePlan plan) {
        return why + "; the work goes on: 'flotilla " + follow(plan) + "' tells how far it is";
    }

    private int told(ChangePlan plan, Standing end) {
        switch (end.state()) {
            case DONE:
                return ExitCode.DONE;
            case CANCELLED:
                say(end.text());
                return ExitCode.NEGATIVE;
            case TOO_LATE:
                throw CliException.refused(verb() + ": " + end.text());
            default:
                throw new CliException(
                        ExitCode.UNAVAILABLE,
                        verb() + ": " + goesOn("the controller has answered nobody for 60 s", plan));
        }
    }

    /** An id as it may be given. */
    protected final long id(String what, long given) {
        if (given < 1) {
            throw CliException.usage(verb() + ": " + what + " is " + given + ", but must be at least 1");
        }
        return given;
    }
}
