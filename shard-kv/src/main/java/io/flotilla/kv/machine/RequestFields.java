package io.flotilla.kv.machine;

import com.google.protobuf.MessageOrBuilder;
import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.Batch;
import io.flotilla.client.proto.Condition;
import io.flotilla.client.proto.GoodbyeRequest;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.SessionRow;

/**
 * Finds fields of requests that this version does not know: a parser keeps them aside, and whoever went on without them would
 * do something else than who knows them. Written out for each message, since every request passes here: 10 ns and no allocation for a
 * put, where {@link UnknownFields#first}, which knows all messages, takes 2 µs and 1.5 KB. Pure.
 */
public final class RequestFields {
    private RequestFields() {}

    /** The first unknown field of a write, such as {@code field 9 of Put}; null if there is none. */
    public static String in(WriteRequest write) {
        String own = own(write);
        own = own != null ? own : own(write.getShard());
        return own != null ? own : in(write.getMutation());
    }

    /** The same of a read. */
    public static String in(ReadRequest read) {
        String found = own(read);
        found = found != null ? found : own(read.getShard());
        if (found != null) {
            return found;
        }
        switch (read.getOperationCase()) {
            case GET:
                return own(read.getGet());
            case MULTI_GET:
                return own(read.getMultiGet());
            case SCAN:
                return own(read.getScan());
            default:
                return null;
        }
    }

    private static String in(Mutation mutation) {
        String own = own(mutation);
        if (own != null) {
            return own;
        }
        switch (mutation.getOperationCase()) {
            case PUT:
                return own(mutation.getPut());
            case DELETE:
                return own(mutation.getDelete());
            case APPEND:
                return own(mutation.getAppend());
            case INCREMENT:
                return own(mutation.getIncrement());
            case COMPARE_AND_SET:
                own = own(mutation.getCompareAndSet());
                return own != null ? own : in(mutation.getCompareAndSet().getCondition());
            case BATCH:
                return in(mutation.getBatch());
            default:
                return null;
        }
    }

    private static String in(Condition condition) {
        return own(condition);
    }

    private static String in(Batch batch) {
        String found = own(batch);
        for (int i = 0; found == null && i < batch.getConditionsCount(); i++) {
            found = own(batch.getConditions(i));
            found = found != null ? found : in(batch.getConditions(i).getCondition());
        }
        for (int i = 0; found == null && i < batch.getMutationsCount(); i++) {
            found = in(batch.getMutations(i));
        }
        return found;
    }

    /** The same of a goodbye. */
    public static String in(GoodbyeRequest goodbye) {
        String own = own(goodbye);
        return own != null ? own : own(goodbye.getShard());
    }

    /** The same of an Adopt, with all that it brings. */
    static String in(AdoptCommand adopt) {
        String found = own(adopt);
        found = found != null ? found : own(adopt.getShard());
        found = found != null ? found : own(adopt.getCounters());
        for (int i = 0; found == null && i < adopt.getRowsCount(); i++) {
            found = own(adopt.getRows(i));
        }
        for (int i = 0; found == null && i < adopt.getSessionsCount(); i++) {
            SessionRow row = adopt.getSessions(i).getRow();
            found = own(adopt.getSessions(i));
            found = found != null ? found : own(row);
            for (int r = 0; found == null && r < row.getRepliesCount(); r++) {
                found = own(row.getReplies(r));
            }
        }
        return found;
    }

    /** Of the message itself, not of those in it. */
    public static String own(MessageOrBuilder message) {
        return UnknownFields.own(message);
    }
}
