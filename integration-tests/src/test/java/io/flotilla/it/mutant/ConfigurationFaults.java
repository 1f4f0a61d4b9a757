package io.flotilla.it.mutant;

import static io.flotilla.it.mutant.Judges.FLEET;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of what nodes make of configurations. */
final class ConfigurationFaults {
    private static final String CONTROLLER = "shard-controller/src/main/java/io/flotilla/controller/";
    private static final String NODE = "ops/src/main/java/io/flotilla/ops/node/configuration/";

    private ConfigurationFaults() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.of(
                        "configurations",
                        "an older configuration is followed",
                        FLEET,
                        new Patch(
                                NODE + "ConfigurationHub.java",
                                "boolean isNews = configuration.getNumber() > number();",
                                "boolean isNews = configuration.getNumber() != number();")),
                Mutant.of(
                        "moves",
                        "a late report ends another move of the shard",
                        moves("aShardMovesAndItsMoveIsNumberedByTheConfigurationThatSetsTheTarget"),
                        new Patch(
                                CONTROLLER + "machine/Settlement.java",
                                "shard.getTarget() == 0 || shard.getMoveId() != report.getMoveId()",
                                "shard.getTarget() == 0")),
                Mutant.of(
                        "moves",
                        "the target is cleared when the move is marked, before the owner's log says so",
                        moves("aMoveThatIsCancelledEndsWithoutChangeOfOwnerOrRollsForward"),
                        new Patch(
                                CONTROLLER + "decide/FleetChanges.java",
                                "next.setShards(at, shard.toBuilder().setCancelled(true));",
                                "next.setShards(at, shard.toBuilder().clearTarget().clearMoveId());")),
                Mutant.of(
                        "moves",
                        "two moves of a shard are open",
                        moves("badWishesAreRefusedInOneLineAndChangeNothing"),
                        new Patch(
                                CONTROLLER + "decide/FleetChanges.java",
                                "if (shard.getTarget() != 0) {\n            return moving(shard);",
                                "if (shard.getTarget() < 0) {\n            return moving(shard);")),
                Mutant.of(
                        "groups",
                        "a group ends before its drops are told",
                        moves("aGroupThatLeavesStaysUntilItHasNothingAndAllIsDropped"),
                        new Patch(
                                CONTROLLER + "decide/FleetChanges.java",
                                "needed.contains(group.getId()) || owesDrops.test(group.getId())",
                                "needed.contains(group.getId())")),
                Mutant.of(
                        "groups",
                        "a group's id is given again",
                        moves("idsAreNeverGivenAgain"),
                        new Patch(
                                CONTROLLER + "machine/ControllerState.java",
                                "nextGroup++;",
                                "nextGroup = decision.next().getGroupsCount() + 1L;")),
                Mutant.of(
                        "balancing",
                        "what is under way counts where it was",
                        Judge.test(
                                "controller.service.FleetChangesTest#fourGroupsBecomeEightAndThenThreeByTheFewestMoves"),
                        new Patch(
                                CONTROLLER + "decide/FleetPlans.java",
                                "goes ? shard.getTarget() : shard.getGroup(),",
                                "shard.getGroup(),")),
                Mutant.of(
                        "balancing",
                        "nodes may lead two groups more than others",
                        leaders("aSlowDiskGetsNoLeadershipsUntilItIsWell"),
                        new Patch(
                                CONTROLLER + "decide/LeaderSpread.java",
                                "if (counts.get(start) - counts.get(node) >= 2) {",
                                "if (counts.get(start) - counts.get(node) >= 3) {")),
                Mutant.of(
                        "balancing",
                        "a node with a slow disk gets leaderships",
                        leaders("aSlowDiskGetsNoLeadershipsUntilItIsWell"),
                        new Patch(
                                CONTROLLER + "service/ReportBoard.java",
                                "if (isHeard(node.getId()) && nodes.get(node.getId()).takesLeaderships) {",
                                "if (isHeard(node.getId())) {")));
    }

    private static Judge leaders(String method) {
        return Judge.test("controller.service.LeaderBalanceTest#" + method);
    }

    private static Judge moves(String method) {
        return Judge.test("controller.machine.MovesTest#" + method);
    }
}
