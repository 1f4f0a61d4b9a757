package io.flotilla.client;

import io.flotilla.client.call.ScanCall;
import io.flotilla.client.proto.WriteReply;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What answers mean to the caller. Pure. */
final class Results {
    private Results() {}

    static CasResult cas(WriteReply reply) {
        boolean done = done(reply);
        boolean known = done || !reply.getValueOmitted();
        boolean present = !done && known && reply.getVersion() != 0;
        return new CasResult(
                done,
                reply.getVersion(),
                present ? Optional.of(reply.getValue().toByteArray()) : Optional.empty(),
                known);
    }

    static BatchResult batch(WriteReply reply) {
        return new BatchResult(done(reply), reply.getVersion());
    }

    private static boolean done(WriteReply reply) {
        return reply.getOutcome() == WriteReply.Outcome.DONE;
    }

    static ScanPage page(ScanQuery query, ScanCall.Page page) {
        List<Row> rows = new ArrayList<>(page.rows().size());
        for (io.flotilla.client.proto.Row row : page.rows()) {
            rows.add(new Row(row.getKey().toByteArray(), row.getValue().toByteArray(), row.getVersion()));
        }
        ScanQuery rest = page.finished() ? null : query.rest(page.from(), page.to(), rows.size());
        return new ScanPage(rows, Optional.ofNullable(rest));
    }
}
