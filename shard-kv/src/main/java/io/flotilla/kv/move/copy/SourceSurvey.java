package io.flotilla.kv.move.copy;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.AskSource;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Finds a replica of the owner to copy from: this node's own if there is one, for then nothing crosses the network; else the first in an
 * order of this node's own, so that several nodes don't all ask the same one. A source has applied MoveOut, and has seen all changes
 * that the hold has: what it would give else takes the hold back. Belongs to the transfer lane.
 */
final class SourceSurvey {
    private final SourceQuestions questions;
    private final NodeId self;

    /**
     * Who gives.
     *
     * @param group whose replica it is
     * @param served the shard as the owner has it
     * @param bytes roughly what its rows take
     */
    record Source(long group, NodeId node, Shard served, long bytes) {}

    /**
     * What a survey came to.
     *
     * @param source null if there is none
     * @param isOver whether all replicas said that the owner is through with the move
     */
    record Result(Source source, boolean isOver) {}

    SourceSurvey(SourceQuestions questions, NodeId self) {
        this.questions = questions;
        this.self = self;
    }

    /**
     * @param owner null if it is not known
     * @param avoided nodes that are not asked
     * @param atLeast the hold's change number; 0 if nothing is held
     * @param result once, on the lane, perhaps in this call
     */
    void begin(HoldKey key, OwnerReplicas owner, List<NodeId> avoided, long atLeast, Consumer<Result> result) {
        List<NodeId> asked = new ArrayList<>();
        boolean isAtHome = false;
        if (owner != null) {
            List<NodeId> sorted = new ArrayList<>(owner.nodes());
            Collections.sort(sorted);
            Collections.rotate(sorted, Math.floorMod(self.value().hashCode() + (int) key.shard(), 1024));
            for (NodeId node : sorted) {
                if (node.equals(self)) {
                    isAtHome = !avoided.contains(node);
                } else if (!avoided.contains(node)) {
                    asked.add(node);
                }
            }
        }
        boolean isAll = owner != null
                && asked.size() + (isAtHome ? 1 : 0) == owner.nodes().size();
        MoveRequest request = MoveRequest.newBuilder()
                .setGroup(owner == null ? 0 : owner.group())
                .setShard(key.shard())
                .setMove(key.move())
                .setSource(AskSource.getDefaultInstance())
                .build();
        Asked others = new Asked(asked, request, atLeast, isAll, result);
        if (isAtHome) {
            questions.ask(self, request, reply -> {
                if (isUsable(reply, atLeast)) {
                    result.accept(new Result(source(self, request, reply), false));
                } else {
                    others.begin(isOver(reply));
                }
            });
        } else {
            others.begin(true);
        }
    }

    private static boolean isUsable(MoveReply reply, long atLeast) {
        return reply != null
                && (reply.getStage() == MoveReply.Stage.MOVING || reply.getStage() == MoveReply.Stage.FROZEN)
                && reply.getRefused().isEmpty()
                && reply.getChangeNumber() >= atLeast;
    }

    private static boolean isOver(MoveReply reply) {
        return reply != null && reply.getStage() == MoveReply.Stage.OVER;
    }

    private static Source source(NodeId node, MoveRequest request, MoveReply reply) {
        return new Source(request.getGroup(), node, reply.getServed(), reply.getShardBytes());
    }

    /** Other nodes, all asked at once. */
    private final class Asked {
        private final List<NodeId> nodes;
        private final MoveRequest request;
        private final long atLeast;
        private final Consumer<Result> result;
        private final Map<NodeId, MoveReply> replies = new TreeMap<>();
        private int open;
        private boolean isOver;
        private boolean isDone;

        Asked(List<NodeId> nodes, MoveRequest request, long atLeast, boolean isAll, Consumer<Result> result) {
            this.nodes = nodes;
            this.request = request;
            this.atLeast = atLeast;
            this.isOver = isAll;
            this.result = result;
        }

        void begin(boolean isOverSoFar) {
            isOver &= isOverSoFar;
            open = nodes.size();
            if (open == 0) {
                result.accept(new Result(null, isOver));
                return;
            }
            for (NodeId node : nodes) {
                questions.ask(node, request, reply -> answered(node, reply));
            }
        }

        private void answered(NodeId node, MoveReply reply) {
            open--;
            isOver &= isOver(reply);
            if (isUsable(reply, atLeast)) {
                replies.put(node, reply);
            }
            if (isDone) {
                return;
            }
            // the first in the order at once; another one only when all have answered, or time is up
            boolean isFirst = node.equals(nodes.get(0)) && replies.containsKey(node);
            if (!isFirst && open > 0) {
                return;
            }
            isDone = true;
            Source found = null;
            for (NodeId each : nodes) {
                if (found == null && replies.containsKey(each)) {
                    found = source(each, request, replies.get(each));
                }
            }
            result.accept(new Result(found, isOver));
        }
    }
}
