package io.flotilla.kv.move.copy;

import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import java.util.function.Consumer;

/** Asks replicas of the owner, the one on this node without the network. Belongs to the transfer lane. */
final class SourceQuestions {
    private final CopyPorts ports;
    private final CopyLimits limits;
    private final Lane lane;

    /** One question on its way. The transfer lane's. */
    private static final class Open {
        boolean isOver;
    }

    SourceQuestions(CopyPorts ports, CopyLimits limits) {
        this.ports = ports;
        this.limits = limits;
        this.lane = ports.transfers().lane();
    }

    /** @param answer once, on the lane; null if there was none in time */
    void ask(NodeId node, MoveRequest request, Consumer<MoveReply> answer) {
        Open open = new Open();
        Consumer<MoveReply> once = reply -> {
            if (!open.isOver) {
                open.isOver = true;
                answer.accept(reply);
            }
        };
        var timeout = lane.after(limits.askNanos(), () -> once.accept(null));
        Consumer<MoveReply> answered = reply -> lane.execute(() -> {
            timeout.cancel();
            once.accept(reply);
        });
        if (node.equals(ports.self())) {
            ports.machines()
                    .visit(request.getGroup(), machine -> answered.accept(SourceAnswers.answer(machine, request)));
        } else {
            ports.peers().ask(node, request, answered);
        }
    }
}
