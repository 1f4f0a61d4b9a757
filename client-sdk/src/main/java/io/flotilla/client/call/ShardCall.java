package io.flotilla.client.call;

import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.time.Duration;

/** An operation on one shard at a time. */
abstract class ShardCall<T> extends Call<T> {
    private ShardRoute route;

    ShardCall(Duration timeout, long bytes) {
        super(timeout, bytes);
    }

    /** The shard to ask by this table; null if the table does not know. May end the call. */
    abstract ShardRoute resolve(RoutingTable table);

    @Override
    final ShardRoute route() {
        return route;
    }

    @Override
    final GroupRoute group() {
        return route == null ? null : loop.fleet.group(route.group());
    }

    @Override
    final void place() {
        RoutingTable table = loop.fleet.table();
        if (table == null) {
            loop.waitForTable(this);
            return;
        }
        ShardRoute found = resolve(table);
        if (done) {
            return;
        }
        if (found == null) {
            loop.routeMissing(this);
            return;
        }
        route = found;
        loop.fleet.group(found.group()).offer(this);
    }

    @Override
    final boolean isRoutedAnew(ShardRoute was) {
        return !loop.fleet.table().stillHas(was);
    }
}
