package io.flotilla.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Proceed;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.RequestPart;
import io.flotilla.client.proto.Response;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Puts large requests of one stream together as a node does that always has room. */
public final class Parts {
    private final Map<Long, ByteString> coming = new LinkedHashMap<>();

    /** @param answer takes what is to be answered at once. @return the requests that are whole with this frame */
    public List<Request> requests(ClientFrame frame, Consumer<Response> answer) {
        if (!frame.hasPart()) {
            return frame.getRequestsList();
        }
        RequestPart part = frame.getPart();
        if (!coming.containsKey(part.getId())) {
            answer.accept(Response.newBuilder()
                    .setId(part.getId())
                    .setProceed(Proceed.getDefaultInstance())
                    .build());
        }
        ByteString bytes = coming.getOrDefault(part.getId(), ByteString.EMPTY).concat(part.getBytes());
        coming.put(part.getId(), bytes);
        if (bytes.size() < part.getTotalBytes()) {
            return List.of();
        }
        coming.remove(part.getId());
        try {
            return List.of(Request.parseFrom(bytes));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("the parts make no request", e);
        }
    }
}
