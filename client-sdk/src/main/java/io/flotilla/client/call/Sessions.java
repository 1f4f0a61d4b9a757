package io.flotilla.client.call;

import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.routing.ShardRoute;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What makes writes happen once: for each shard a session with a random identity of its own, in which writes are
 * numbered, and the shard's log time as last heard. A session per shard keeps a write that waits for one shard from
 * holding up what the other shards may forget. Owned by the loop.
 */
final class Sessions {
    /** So many of the longest unused are looked at for each new one. */
    private static final int LOOKS = 4;

    private final ClientRuntime runtime;
    /** The longest unused first. */
    private final Map<Long, WriteSession> byShard = new LinkedHashMap<>(16, 0.75f, true);

    Sessions(ClientRuntime runtime) {
        this.runtime = runtime;
    }

    WriteSession of(ShardRoute route, long now) {
        WriteSession session = byShard.get(route.id());
        if (session == null) {
            forgetOne(now);
            session = new WriteSession(this, route, now);
            byShard.put(route.id(), session);
        }
        return session;
    }

    /** All sessions that no attempt can need any more, the last used first. */
    List<WriteSession> leaving() {
        List<WriteSession> leaving = new ArrayList<>();
        for (WriteSession session : byShard.values()) {
            if (session.mayLeave()) {
                leaving.add(0, session);
            }
        }
        return leaving;
    }

    long random() {
        return runtime.randomLong();
    }

    /** Each new one takes the place of one that its shard has forgotten, if there is one: also of shards that are gone. */
    private void forgetOne(long now) {
        Iterator<WriteSession> oldest = byShard.values().iterator();
        for (int i = 0; i < LOOKS && oldest.hasNext(); i++) {
            WriteSession session = oldest.next();
            if (session.isIdle() && session.isForgotten(now)) {
                oldest.remove();
                return;
            }
        }
    }
}
