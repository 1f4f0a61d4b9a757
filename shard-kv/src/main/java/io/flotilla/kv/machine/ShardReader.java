package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.MultiGetResult;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.ScanResult;
import io.flotilla.client.proto.Value;
import io.flotilla.kv.engine.EngineCursor;
import io.flotilla.kv.engine.Keys;
import io.flotilla.kv.engine.KvEngine;

/** Answers reads from what is in the engine. The request is well-formed and was let through. Applier lane. */
final class ShardReader {
    /** A key with this behind it is the next possible one. */
    private static final ByteString NOTHING_BETWEEN = ByteString.copyFrom(new byte[1]);

    /** Rows of one page of a scan. */
    static final int MAX_PAGE_ROWS = 2_000;
    /** A page ends with the row that reaches this. */
    static final int MAX_PAGE_BYTES = 1 << 20;

    /** Of a page, over rows and over what is left of deleted ones: some milliseconds, in which nothing else of the group is applied. */
    private static final int MAX_PAGE_STEPS = 4_000;

    private final KvEngine engine;

    ShardReader(KvEngine engine) {
        this.engine = engine;
    }

    void read(ShardState shard, ReadRequest read, Response.Builder response) {
        ReadReply.Builder reply = ReadReply.newBuilder().setLogTimeMillis(logTime(shard));
        switch (read.getOperationCase()) {
            case GET:
                reply.setGet(value(shard, read.getGet().getKey()));
                break;
            case MULTI_GET:
                MultiGetResult.Builder values = MultiGetResult.newBuilder();
                long bytes = 0;
                for (int i = 0; i < read.getMultiGet().getKeysCount(); i++) {
                    Value value = value(shard, read.getMultiGet().getKeys(i));
                    bytes += value.getValue().size();
                    if (bytes > Rules.MAX_MULTI_GET_BYTES) {
                        response.setRefusal(Refusal.newBuilder()
                                .setKind(Refusal.Kind.INVALID)
                                .setMessage("the values of the multi-get are larger than " + Rules.MAX_MULTI_GET_BYTES
                                        + " bytes together: ask for fewer keys at once")
                                .setLogTimeMillis(logTime(shard)));
                        return;
                    }
                    values.addValues(value);
                }
                reply.setMultiGet(values);
                break;
            case SCAN:
                reply.setScan(scan(shard, read.getScan()));
                break;
            default:
                throw new IllegalArgumentException("no operation: " + read.getOperationCase());
        }
        response.setRead(reply);
    }

    /** What a write would find, so that the client's guess goes on while nobody writes. */
    private static long logTime(ShardState shard) {
        return Math.max(shard.logTime(), shard.gauge().logTime());
    }

    private Value value(ShardState shard, ByteString key) {
        StoredRow row = shard.rows().get(key);
        return row == null
                ? Value.getDefaultInstance()
                : Value.newBuilder()
                        .setFound(true)
                        .setValue(row.value())
                        .setVersion(row.version())
                        .build();
    }

    private ScanResult scan(ShardState shard, Scan scan) {
        ByteString start = shard.shard().getStart();
        ByteString end = shard.shard().getEnd();
        ByteString from = Keys.compare(scan.getFrom(), start) > 0 ? scan.getFrom() : start;
        ByteString to =
                end.isEmpty() || (!scan.getTo().isEmpty() && Keys.compare(scan.getTo(), end) < 0) ? scan.getTo() : end;
        // the limit is unsigned: what looks negative is very large
        int limit = scan.getLimit() <= 0 ? MAX_PAGE_ROWS : Math.min(scan.getLimit(), MAX_PAGE_ROWS);
        ScanResult.Builder page = ScanResult.newBuilder();
        long bytes = 0;
        try (EngineCursor rows = scan.getReverse()
                ? shard.pieces().descending(from, to, (low, high) -> engine.descending(low, high, MAX_PAGE_STEPS))
                : shard.pieces().ascending(from, to, (low, high) -> engine.ascending(low, high, MAX_PAGE_STEPS))) {
            while (rows.next()) {
                if (page.getRowsCount() == limit || bytes >= MAX_PAGE_BYTES) {
                    ByteString last = page.getRows(page.getRowsCount() - 1).getKey();
                    page.setMore(true).setNext(scan.getReverse() ? last : last.concat(NOTHING_BETWEEN));
                    break;
                }
                ByteString key = Layout.userKey(rows.key());
                StoredRow row = Layout.row(rows.value());
                page.addRows(io.flotilla.client.proto.Row.newBuilder()
                        .setKey(key)
                        .setValue(row.value())
                        .setVersion(row.version()));
                bytes += key.size() + row.value().size();
            }
            if (rows.isCut()) {
                page.setMore(true).setNext(Layout.userKey(rows.rest()));
            }
        }
        return page.build();
    }
}
