package io.flotilla.controller.machine;

import com.google.protobuf.ByteString;
import io.flotilla.controller.proto.AnsweredRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the last {@link #KEPT} commands with a request id did, so that a repeated one does nothing again. Depends on the
 * commands applied alone. Belongs to its machine's lane.
 */
final class AnsweredRequests {
    static final int KEPT = 4_096;
    static final int MAX_ID_BYTES = 64;

    private final ArrayDeque<AnsweredRequest> inOrder = new ArrayDeque<>();
    /** Looked up only: its order means nothing. */
    private final Map<ByteString, AnsweredRequest> byId = new HashMap<>();

    /** What the command of this id did; null if none is known. */
    ControllerResult find(ByteString id) {
        AnsweredRequest found = byId.get(id);
        if (found == null) {
            return null;
        }
        return found.getNumber() == 0
                ? new ControllerResult.Refused(found.getRefusal())
                : new ControllerResult.Done(found.getNumber(), found.getMade());
    }

    /** Keeps what a command did; one that is outdated did nothing yet. */
    void add(ByteString id, ControllerResult result) {
        AnsweredRequest.Builder answered = AnsweredRequest.newBuilder().setRequestId(id);
        if (result instanceof ControllerResult.Done done) {
            add(answered.setNumber(done.number()).setMade(done.made()).build());
        } else if (result instanceof ControllerResult.Refused refused) {
            add(answered.setRefusal(refused.reason()).build());
        }
    }

    private void add(AnsweredRequest answered) {
        inOrder.addLast(answered);
        byId.put(answered.getRequestId(), answered);
        if (inOrder.size() > KEPT) {
            byId.remove(inOrder.removeFirst().getRequestId());
        }
    }

    /** The oldest first. */
    List<AnsweredRequest> all() {
        return new ArrayList<>(inOrder);
    }

    void replace(List<AnsweredRequest> answered) {
        inOrder.clear();
        byId.clear();
        answered.forEach(this::add);
    }
}
