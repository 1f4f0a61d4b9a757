package io.flotilla.ops.command;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.ops.change.ChangePlan;
import io.flotilla.ops.change.Goal;
import io.flotilla.ops.change.Goals;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code shards move S --to G}. */
@Command(
        name = "move",
        description = {
            "Give a shard to another group, while it is read and written.",
            "With --wait exits 1 if somebody cancels the move."
        })
final class ShardsMoveVerb extends ChangeVerb {
    @Parameters(index = "0", paramLabel = "SHARD", description = "The shard's id.")
    private long shard;

    @Option(names = "--to", required = true, paramLabel = "GROUP", description = "The group that gets it.")
    private long to;

    ShardsMoveVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected FleetChangeRequest.Builder change() {
        return FleetChangeRequest.newBuilder()
                .setMoveShard(
                        MoveShard.newBuilder().setShard(id("SHARD", shard)).setTo(id("--to", to)));
    }

    @Override
    protected Goal goal(ChangePlan plan, Configuration before, Configuration committed) {
        return Goals.moves(plan.configuration(), plan.moves(), committed);
    }

    @Override
    protected String follow(ChangePlan plan) {
        return "explain shard " + shard;
    }
}
