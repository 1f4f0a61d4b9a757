package io.flotilla.ops.node.edge;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.RequestPart;
import java.io.IOException;

/**
 * A large request that comes in parts. Its room is taken before its bytes come. Of one stream's network calls alone, but
 * for {@link #wentOn}, which is the edge lane's.
 */
final class RequestAssembly {
    private final byte[] bytes;
    private volatile int filled;
    /** Of the edge lane. */
    private int seen = -1;

    RequestAssembly(int total) {
        bytes = new byte[total];
    }

    int total() {
        return bytes.length;
    }

    /** Whether bytes have come since this was asked last; true at the first time. On the edge lane. */
    boolean wentOn() {
        int now = filled;
        boolean more = now != seen;
        seen = now;
        return more;
    }

    boolean isWhole() {
        return filled == bytes.length;
    }

    /** @return false if the part does not belong here */
    boolean add(RequestPart part) {
        int size = part.getBytes().size();
        int at = filled;
        if (part.getTotalBytes() != bytes.length || size == 0 || size > bytes.length - at) {
            return false;
        }
        part.getBytes().copyTo(bytes, at);
        filled = at + size;
        return true;
    }

    /** The request, made of the very bytes that were gathered. @throws InvalidProtocolBufferException if they are none */
    Request request() throws InvalidProtocolBufferException {
        CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
        in.enableAliasing(true);
        try {
            Request request = Request.parseFrom(in);
            in.checkLastTagWas(0);
            return request;
        } catch (InvalidProtocolBufferException e) {
            throw e;
        } catch (IOException e) {
            throw new InvalidProtocolBufferException(e);
        }
    }
}
