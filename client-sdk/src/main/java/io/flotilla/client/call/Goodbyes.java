package io.flotilla.client.call;

import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client says before it closes: to each shard that it has a session in, that it can be forgotten at once. Only for
 * sessions of which no attempt is unanswered or was lost, since a late copy would be applied once more. If a shard was
 * divided or merged, all that hold a part of its range now are told, since each may know the session. What could not be
 * said in time costs a shard a place for two windows more, nothing else. Owned by the loop.
 */
final class Goodbyes {
    /** How long a client takes to say goodbye, at most. */
    static final long WAIT_MILLIS = 500;
    /** So many sessions are told of, the last used first. */
    private static final int MOST = 4_096;
    /** So many shards are told of one session. */
    private static final int MOST_SHARDS = 16;

    private final ClientLoop loop;
    private int open;
    private Runnable then;

    Goodbyes(ClientLoop loop) {
        this.loop = loop;
    }

    /** @param after runs once, when all have answered or the wait is over */
    void say(Runnable after) {
        then = after;
        List<GoodbyeCall> calls = calls();
        open = calls.size();
        if (open == 0) {
            finish();
        }
        for (GoodbyeCall call : calls) {
            call.future().whenComplete((nothing, failure) -> {
                open--;
                if (open == 0) {
                    finish();
                }
            });
            loop.beginOwn(call);
        }
    }

    private void finish() {
        Runnable after = then;
        then = null;
        if (after != null) {
            after.run();
        }
    }

    private List<GoodbyeCall> calls() {
        List<GoodbyeCall> calls = new ArrayList<>();
        RoutingTable table = loop.fleet.table();
        List<WriteSession> leaving = loop.sessions.leaving();
        for (int i = 0; table != null && i < leaving.size() && calls.size() < MOST; i++) {
            WriteSession session = leaving.get(i);
            ShardRoute shard = table.find(session.route().start());
            for (int told = 0; shard != null && told < MOST_SHARDS && shard.overlaps(session.route()); told++) {
                calls.add(new GoodbyeCall(session, shard.start()));
                shard = shard.end().length == 0 ? null : table.find(shard.end());
            }
        }
        return calls;
    }
}
