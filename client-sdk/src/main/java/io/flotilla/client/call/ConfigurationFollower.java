package io.flotilla.client.call;

import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WatchRequest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Keeps the client on the newest configuration: a watch on one live stream, another node when that one is lost or knows
 * nothing, and a question at once to a node that mentions a newer number. It begins with the endpoints, in any order.
 * Owned by the loop.
 */
final class ConfigurationFollower extends Timed {
    private static final long MILLI = 1_000_000;
    /** How long a connection, or a first configuration, may take before the next node is tried too. */
    private static final long PATIENCE = 300 * MILLI;
    /** Between rounds over all nodes when none is in reach. */
    private static final long POLL = 50 * MILLI;
    /** After this a question without an answer may be asked again. */
    private static final long FETCH_PATIENCE = 1_000 * MILLI;

    private final ClientLoop loop;
    private final FleetView fleet;
    private final List<String> endpoints;
    private boolean started;
    private int cursor;
    private Link watched;
    private Link asked;
    private long askedAt;

    ConfigurationFollower(ClientLoop loop, FleetView fleet, List<String> endpoints) {
        this.loop = loop;
        this.fleet = fleet;
        this.endpoints = endpoints;
    }

    void start() {
        if (!started) {
            started = true;
            if (!endpoints.isEmpty()) {
                cursor = (int) Math.floorMod(loop.random(), (long) endpoints.size());
            }
            seek(loop.now());
        }
    }

    List<String> endpoints() {
        return endpoints;
    }

    /** All addresses where a node may be found: the endpoints, then those of the configuration. */
    List<String> candidates() {
        Set<String> all = new LinkedHashSet<>(endpoints);
        if (fleet.table() != null) {
            all.addAll(fleet.table().addresses());
        }
        return List.copyOf(all);
    }

    void linkReady() {
        if (started && (watched == null || fleet.table() == null)) {
            seek(loop.now());
        }
    }

    void linkDown(Link link) {
        if (asked == link) {
            asked = null;
        }
        if (watched == link) {
            watched = null;
        }
        if (started && watched == null) {
            seek(loop.now());
        }
    }

    /** A node mentioned a configuration that the client does not have. */
    void fetch(Link link) {
        long now = loop.now();
        if (!link.isReady() || (asked == link && now - askedAt < FETCH_PATIENCE)) {
            return;
        }
        asked = link;
        askedAt = now;
        Request.Builder question = Request.newBuilder().setConfiguration(ConfigurationRequest.getDefaultInstance());
        link.send(question, new Pending() {
            @Override
            public void answered(Link from, Response response) {
                asked = null;
                if (response.hasConfiguration()) {
                    fleet.adopt(response.getConfiguration());
                }
            }

            @Override
            public void lost(Link from, boolean sent) {}
        });
    }

    @Override
    void wake(long now) {
        seek(now);
    }

    /** Watches a node that is connected and not watched yet, or connects to the next. */
    private void seek(long now) {
        if (watched != null && fleet.table() != null) {
            return;
        }
        List<String> candidates = candidates();
        boolean connecting = false;
        for (int i = 0; i < candidates.size() && !connecting; i++) {
            Link link = fleet.link(candidates.get(cursor % candidates.size()));
            if (link.isReady() && !link.hasStanding()) {
                watch(link);
                break;
            }
            if (link.mayConnect(now)) {
                link.connect();
            }
            connecting = link.isConnecting(now, PATIENCE);
            if (!connecting) {
                cursor = (cursor + 1) % candidates.size();
            }
        }
        if (watched == null || fleet.table() == null) {
            loop.wheel.schedule(this, now + (connecting || watched != null ? PATIENCE : POLL));
        }
    }

    private void watch(Link link) {
        watched = link;
        long above = fleet.table() == null ? 0 : fleet.table().number();
        link.sendStanding(
                Request.newBuilder().setWatch(WatchRequest.newBuilder().setAbove(above)), new Pending() {
                    @Override
                    public void answered(Link from, Response response) {
                        if (response.hasConfiguration()) {
                            watched = from;
                            fleet.adopt(response.getConfiguration());
                        } else {
                            refused(from, response.getRefusal());
                        }
                    }

                    @Override
                    public void lost(Link from, boolean sent) {}
                });
    }

    private void refused(Link from, Refusal refusal) {
        from.endStanding();
        if (watched == from) {
            watched = null;
            cursor++;
        }
        fleet.watchRefused(from, refusal.getMessage());
        loop.wheel.schedule(this, loop.now() + PATIENCE);
    }
}
