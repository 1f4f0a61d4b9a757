package io.flotilla.ops.command;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Rebalance;
import io.flotilla.ops.change.ChangePlan;
import io.flotilla.ops.change.Goal;
import io.flotilla.ops.change.Goals;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;

/** {@code rebalance}. */
@Command(
        name = "rebalance",
        description = {
            "Move as few shards as it takes to give all groups as many, within one.",
            "What is under way already counts as done. With --wait exits 1 if somebody cancels one of the moves."
        })
final class RebalanceVerb extends ChangeVerb {
    RebalanceVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected FleetChangeRequest.Builder change() {
        return FleetChangeRequest.newBuilder().setRebalance(Rebalance.getDefaultInstance());
    }

    @Override
    protected Goal goal(ChangePlan plan, Configuration before, Configuration committed) {
        return Goals.moves(plan.configuration(), plan.moves(), committed);
    }

    @Override
    protected String follow(ChangePlan plan) {
        return "shards";
    }
}
