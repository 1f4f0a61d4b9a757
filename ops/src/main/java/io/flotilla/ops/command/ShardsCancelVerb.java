package io.flotilla.ops.command;

import io.flotilla.client.proto.CancelShard;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Shard;
import io.flotilla.ops.change.ChangePlan;
import io.flotilla.ops.change.Goal;
import io.flotilla.ops.change.Goals;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code shards cancel S}. */
@Command(
        name = "cancel",
        description = {
            "End a shard's move: it stays with its owner. Once the owner has frozen it for the move it is too late.",
            "With --wait exits 4 if it was too late, and the shard has gone."
        })
final class ShardsCancelVerb extends ChangeVerb {
    @Parameters(index = "0", paramLabel = "SHARD", description = "The shard's id.")
    private long shard;

    ShardsCancelVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected FleetChangeRequest.Builder change() {
        return FleetChangeRequest.newBuilder()
                .setCancelShard(CancelShard.newBuilder().setShard(id("SHARD", shard)));
    }

    @Override
    protected Goal goal(ChangePlan plan, Configuration before, Configuration committed) {
        Shard now = find(committed);
        // a cancel may be over with the configuration that has it
        return Goals.cancelled(now.getTarget() != 0 ? now : find(before), plan.configuration());
    }

    private Shard find(Configuration configuration) {
        for (Shard each : configuration.getShardsList()) {
            if (each.getId() == shard) {
                return each;
            }
        }
        return Shard.newBuilder().setId(shard).build();
    }

    @Override
    protected String follow(ChangePlan plan) {
        return "explain shard " + shard;
    }
}
