package io.flotilla.client.call;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.ReadReply;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Row;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.ScanResult;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Reads one page of a range: the first (in reverse the last) part of it that lies in one shard. */
public final class ScanCall<T> extends ShardCall<T> {
    /**
     * What was read, and the range that is left.
     *
     * @param from inclusive
     * @param to exclusive; empty means no bound
     */
    public record Page(List<Row> rows, boolean finished, byte[] from, byte[] to) {}

    private final byte[] from;
    private final byte[] to;
    private final int limit;
    private final boolean reverse;
    private final Function<Page, T> reader;

    /** @param to empty means no bound @param limit 0 means the node's own */
    public ScanCall(byte[] from, byte[] to, int limit, boolean reverse, Duration timeout, Function<Page, T> reader) {
        super(timeout, from.length + to.length);
        this.from = from;
        this.to = to;
        this.limit = limit;
        this.reverse = reverse;
        this.reader = reader;
    }

    @Override
    ShardRoute resolve(RoutingTable table) {
        return reverse ? table.findBelow(to) : table.find(from);
    }

    @Override
    Request.Builder request(Link link) {
        ShardRoute route = route();
        byte[] low = Arrays.compareUnsigned(from, route.start()) > 0 ? from : route.start();
        byte[] high = isBelow(to, route.end()) ? to : route.end();
        return Request.newBuilder()
                .setRead(ReadRequest.newBuilder()
                        .setShard(route.ref())
                        .setScan(Scan.newBuilder()
                                .setFrom(ByteString.copyFrom(low))
                                .setTo(ByteString.copyFrom(high))
                                .setLimit(limit)
                                .setReverse(reverse)));
    }

    @Override
    boolean isWrite() {
        return false;
    }

    @Override
    boolean accepts(Response response, Attempt attempt) {
        if (response.getRead().getResultCase() != ReadReply.ResultCase.SCAN) {
            return false;
        }
        ScanResult scan = response.getRead().getScan();
        return !scan.getMore() || goesOn(scan.getNext().toByteArray(), attempt.route);
    }

    /** Whether less is left from there on: else a scan might never end. */
    private boolean goesOn(byte[] next, ShardRoute read) {
        if (reverse) {
            return isBelow(next, isBelow(to, read.end()) ? to : read.end());
        }
        byte[] low = Arrays.compareUnsigned(from, read.start()) > 0 ? from : read.start();
        return Arrays.compareUnsigned(next, low) > 0;
    }

    @Override
    T result(Response response, Attempt attempt) {
        ScanResult scan = response.getRead().getScan();
        ShardRoute read = attempt.route;
        List<Row> rows = scan.getRowsList();
        byte[] nextFrom = from;
        byte[] nextTo = to;
        boolean finished = false;
        if (scan.getMore()) {
            byte[] next = scan.getNext().toByteArray();
            if (reverse) {
                nextTo = next;
            } else {
                nextFrom = next;
            }
        } else if (reverse) {
            nextTo = read.start();
            finished = read.start().length == 0 || Arrays.compareUnsigned(read.start(), from) <= 0;
        } else {
            nextFrom = read.end();
            finished = read.end().length == 0 || (to.length > 0 && Arrays.compareUnsigned(read.end(), to) >= 0);
        }
        return reader.apply(new Page(rows, finished, nextFrom, nextTo));
    }

    /** Of two upper bounds, where an empty one means none. */
    private static boolean isBelow(byte[] a, byte[] b) {
        return a.length > 0 && (b.length == 0 || Arrays.compareUnsigned(a, b) < 0);
    }
}
