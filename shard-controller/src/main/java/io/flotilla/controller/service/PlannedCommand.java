package io.flotilla.controller.service;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.FleetChangeRequest;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.JoinGroup;
import io.flotilla.client.proto.MoveShard;
import io.flotilla.client.proto.Shard;
import io.flotilla.controller.decide.Balancer;
import io.flotilla.controller.decide.FleetChanges;
import io.flotilla.controller.decide.FleetPlans;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.LetGroupLeave;
import io.flotilla.controller.proto.MakeGroup;
import io.flotilla.controller.proto.SetTargets;
import io.flotilla.controller.proto.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The command that does what an operator wants, made from one configuration and what is known at that moment; or why there is none.
 * What the command alone can decide is left to it, so that a refusal is remembered under the request's id.
 *
 * @param command null if there is none
 * @param refusal one line: it can't be done as things are; else null
 * @param tooEarly one line: what has to be awaited first; else null
 * @param warnings one line each
 * @param moves those that the plan chose; none if it chose none
 */
record PlannedCommand(
        ControllerCommand command,
        String refusal,
        String tooEarly,
        List<String> warnings,
        List<Balancer.Relocation> moves) {
    private static final int MOST_WARNINGS = 20;

    /** @param foreseen the moves that a dry run of the same told of; none if there was none lately */
    static PlannedCommand of(
            FleetChangeRequest request,
            Configuration newest,
            ReportBoard.Sight sight,
            List<Balancer.Relocation> foreseen) {
        ControllerCommand.Builder command = ControllerCommand.newBuilder()
                .setRequestId(request.getRequestId())
                .setFleetId(newest.getFleetId());
        return switch (request.getChangeCase()) {
            case JOIN_GROUP -> join(command, request.getJoinGroup(), newest, sight);
            case LEAVE_GROUP -> leave(command, request.getLeaveGroup().getGroup(), newest, sight, foreseen);
            case MOVE_SHARD -> move(command, request.getMoveShard(), newest, sight);
            case CANCEL_SHARD -> ready(command.setCancelShard(request.getCancelShard()), List.of());
            case REBALANCE -> rebalance(command, newest, sight, foreseen);
            case CHANGE_NOT_SET -> throw new IllegalArgumentException("a request without a change was let through");
        };
    }

    static List<Target> targets(List<Balancer.Relocation> moves) {
        return moves.stream()
                .map(move -> Target.newBuilder()
                        .setShard(move.shard())
                        .setTo(move.to())
                        .build())
                .toList();
    }

    private static PlannedCommand ready(ControllerCommand.Builder command, List<String> warnings) {
        return ready(command, warnings, List.of());
    }

    private static PlannedCommand ready(
            ControllerCommand.Builder command, List<String> warnings, List<Balancer.Relocation> moves) {
        List<String> some = warnings;
        if (warnings.size() > MOST_WARNINGS) {
            some = new ArrayList<>(warnings.subList(0, MOST_WARNINGS));
            some.add("and " + (warnings.size() - MOST_WARNINGS) + " more such lines");
        }
        return new PlannedCommand(command.build(), null, null, some, moves);
    }

    private static PlannedCommand refused(String line) {
        return new PlannedCommand(null, line, null, List.of(), List.of());
    }

    private static PlannedCommand tooEarly(String line) {
        return new PlannedCommand(null, null, line, List.of(), List.of());
    }

    private static PlannedCommand join(
            ControllerCommand.Builder command, JoinGroup wish, Configuration newest, ReportBoard.Sight sight) {
        if (wish.getReplicasCount() > 0) {
            return wish.getReplication() == 0 || wish.getReplication() == wish.getReplicasCount()
                    ? ready(
                            command.setMakeGroup(MakeGroup.newBuilder().addAllReplicas(wish.getReplicasList())),
                            unheard(wish.getReplicasList(), sight))
                    : refused("replication " + wish.getReplication() + " does not fit the " + wish.getReplicasCount()
                            + " replicas that are named: leave one of the two out");
        }
        int wanted = wish.getReplication() == 0 ? Placement.REPLICAS : wish.getReplication();
        List<String> chosen = Placement.leastLoaded(newest, wanted, node -> !sight.isAnyHeard() || sight.isHeard(node));
        if (chosen.isEmpty() || wish.getReplication() > chosen.size()) {
            return refused(
                    "a group with " + wanted + " replicas needs as many nodes that take replicas, but the fleet has "
                            + chosen.size() + ": ask for fewer, or add nodes");
        }
        return ready(
                command.setComputedFrom(newest.getNumber())
                        .setMakeGroup(MakeGroup.newBuilder().addAllReplicas(chosen)),
                unheard(chosen, sight));
    }

    private static List<String> unheard(List<String> replicas, ReportBoard.Sight sight) {
        return !sight.isAnyHeard()
                ? List.of()
                : replicas.stream()
                        .distinct()
                        .filter(node -> !sight.isHeard(node))
                        .map(node -> "node " + node + " was not heard of lately: its replica begins when it is back")
                        .toList();
    }

    private static PlannedCommand move(
            ControllerCommand.Builder command, MoveShard wish, Configuration newest, ReportBoard.Sight sight) {
        command.setMoveShard(wish);
        int at = FleetChanges.groupAt(newest, wish.getTo());
        if (at < 0) {
            return ready(command, List.of());
        }
        Group target = newest.getGroups(at);
        long bytes = sight.bytes(wish.getShard());
        String full = sight.nodeWithoutRoom(target, bytes);
        if (full != null) {
            return refused("node " + full + " of group " + wish.getTo() + " has too little disk for the " + bytes
                    + " bytes of shard " + wish.getShard() + " and what it keeps free: make room there, or name"
                    + " another group");
        }
        boolean leaderless = sight.isAnyHeard() && !sight.isLed(wish.getTo());
        return ready(
                command,
                leaderless
                        ? List.of("group " + wish.getTo()
                                + " has no leader as far as is known: the move waits until it has one")
                        : List.of());
    }

    private static PlannedCommand rebalance(
            ControllerCommand.Builder command,
            Configuration newest,
            ReportBoard.Sight sight,
            List<Balancer.Relocation> foreseen) {
        if (sight.tooEarly() != null) {
            return tooEarly(sight.tooEarly());
        }
        List<Balancer.Relocation> moves = FleetPlans.rebalance(newest, sight, foreseen);
        return ready(
                command.setComputedFrom(newest.getNumber())
                        .setSetTargets(SetTargets.newBuilder().addAllTargets(targets(moves))),
                passedOver(newest, sight),
                moves);
    }

    private static PlannedCommand leave(
            ControllerCommand.Builder command,
            long group,
            Configuration newest,
            ReportBoard.Sight sight,
            List<Balancer.Relocation> foreseen) {
        LetGroupLeave.Builder leave = LetGroupLeave.newBuilder().setGroup(group);
        Configuration leaving = FleetChanges.beginToLeave(newest, group).next();
        if (leaving == null || newest.getShardsList().stream().noneMatch(shard -> shard.getGroup() == group)) {
            // refused, or all that is to do; the command says it
            return ready(command.setComputedFrom(newest.getNumber()).setLetGroupLeave(leave), cancelled(newest, group));
        }
        if (sight.tooEarly() != null) {
            return tooEarly(sight.tooEarly());
        }
        List<Balancer.Relocation> moves = FleetPlans.emptying(leaving, sight, foreseen);
        if (moves.isEmpty() && FleetPlans.isLeavingHeldUp(leaving)) {
            return refused("no other group can take the shards of group " + group
                    + ": none has a leader and room on its nodes; explain says why");
        }
        List<String> warnings = new ArrayList<>(cancelled(newest, group));
        warnings.addAll(passedOver(leaving, sight));
        return ready(
                command.setComputedFrom(newest.getNumber()).setLetGroupLeave(leave.addAllTargets(targets(moves))),
                warnings,
                moves);
    }

    private static List<String> cancelled(Configuration newest, long group) {
        String shards = newest.getShardsList().stream()
                .filter(shard -> shard.getTarget() == group && !shard.getCancelled())
                .map(Shard::getId)
                .sorted()
                .limit(MOST_WARNINGS)
                .map(String::valueOf)
                .collect(Collectors.joining(", "));
        return shards.isEmpty()
                ? List.of()
                : List.of("moves to group " + group + " are cancelled, of shards " + shards);
    }

    private static List<String> passedOver(Configuration configuration, ReportBoard.Sight sight) {
        return configuration.getGroupsList().stream()
                .filter(group -> !FleetPlans.leaves(group) && !sight.takes(group))
                .map(group -> "group " + group.getId() + " gets no shards: "
                        + (sight.isLed(group.getId())
                                ? "its nodes have too little disk"
                                : "it has no leader as far as is known"))
                .toList();
    }
}
