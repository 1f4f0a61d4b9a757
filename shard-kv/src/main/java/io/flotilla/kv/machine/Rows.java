package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;

/** The data of one shard as a mutation sees it. */
interface Rows {
    /** The present row, or null. */
    Row get(ByteString key);

    void put(ByteString key, Row row);

    void delete(ByteString key);
}
