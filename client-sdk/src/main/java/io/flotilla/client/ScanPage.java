package io.flotilla.client;

import java.util.List;
import java.util.Optional;

/**
 * One page of a scan. Each page is one linearizable read inside one shard; the pages of a scan are read one after the
 * other, so that a whole scan is no snapshot.
 *
 * @param rows in the scan's order; may be empty although more pages follow (a shard without a row in the range)
 * @param next asks for the next page; empty after the last one
 */
public record ScanPage(List<Row> rows, Optional<ScanQuery> next) {
    public ScanPage {
        rows = List.copyOf(rows);
    }
}
