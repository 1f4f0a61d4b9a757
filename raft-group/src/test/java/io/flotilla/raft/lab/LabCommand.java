package io.flotilla.raft.lab;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What a lab test submits; the number tells one attempt from the next. */
record LabCommand(long attempt, String text) {
    static LabCommand of(byte[] payload) {
        ByteBuffer in = ByteBuffer.wrap(payload);
        long attempt = in.getLong();
        return new LabCommand(attempt, new String(payload, 8, payload.length - 8, StandardCharsets.US_ASCII));
    }

    byte[] payload() {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(8 + bytes.length).putLong(attempt).put(bytes).array();
    }
}
