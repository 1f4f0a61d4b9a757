package io.flotilla.kv.machine;

import com.google.protobuf.ByteString;

/** A key's value and the version that its last write gave it. */
record StoredRow(long version, ByteString value) {}
