package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;

/** The data of one shard as a mutation sees it. */
interface Rows {
    /** The present row, or null. */
    StoredRow get(ByteString key);

    void put(ByteString key, StoredRow row);

    void delete(ByteString key);
}
