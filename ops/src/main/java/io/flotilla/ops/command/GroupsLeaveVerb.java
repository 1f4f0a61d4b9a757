package io.flotilla.ops.command;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.LeaveGroup;
import io.flotilla.ops.change.ChangePlan;
import io.flotilla.ops.change.Goal;
import io.flotilla.ops.change.Goals;
import io.flotilla.ops.cli.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code groups leave G}. */
@Command(
        name = "leave",
        description = {
            "End a group: its shards go to the other groups, and then it is gone.",
            "Until then it is listed as leaving. Prints where its shards go."
        })
final class GroupsLeaveVerb extends ChangeVerb {
    @Parameters(index = "0", paramLabel = "GROUP", description = "The group's id.")
    private long group;

    GroupsLeaveVerb(Terminal terminal) {
        super(terminal);
    }

    @Override
    protected FleetChangeRequest.Builder change() {
        return FleetChangeRequest.newBuilder()
                .setLeaveGroup(LeaveGroup.newBuilder().setGroup(id("GROUP", group)));
    }

    @Override
    protected Goal goal(ChangePlan plan, Configuration before, Configuration committed) {
        return Goals.left(group, plan.configuration(), plan.moves(), committed);
    }

    @Override
    protected String follow(ChangePlan plan) {
        return "explain group " + group;
    }
}
