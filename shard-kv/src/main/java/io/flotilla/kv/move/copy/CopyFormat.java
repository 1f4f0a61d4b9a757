package io.flotilla.kv.move.copy;

/**
 * The copy of a shard on its way to a node that shall hold it. It is cut into parts between records, and each part says where it begins: a
 * part that is not the next one, for it is late, or of another view that was cut elsewhere, is not taken. Numbers are varints.
 *
 * <pre>
 * part       format, view, change number, length, {@link CopyPosition} where it begins; then records
 * 1 session  identity (16 bytes), length, {@link io.flotilla.kv.proto.SessionRow}
 * 2 row      length, key, length, version (8 bytes, big end first) and value
 * 3 end      nothing follows it
 * </pre>
 *
 * <p>All sessions come before all rows, each in ascending order.
 *
 * <p>Of what the owner has, parts may come out of one view after the other, on any of its replicas: their view is 0, and the change
 * number is the one at MoveOut, for whatever the views differ in was changed after it, and comes with the rounds. Of a hold all parts come
 * out of one view, which they name, and the change number is what the hold had in it: nobody knows what changed later.
 */
final class CopyFormat {
    static final int FORMAT = 1;

    static final byte SESSION = 1;
    static final byte ROW = 2;
    static final byte END = 3;

    /** Of parts of what the owner has. */
    static final long ANY_VIEW = 0;

    private CopyFormat() {}
}
