package io.flotilla.client.call;

import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.ConfigurationDelta;
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
        fetch(link, number());
    }

    /** @param have the number told as known; 0 to be told a whole configuration */
    private void fetch(Link link, long have) {
        long now = loop.now();
        if (!link.isReady() || (asked == link && now - askedAt < FETCH_PATIENCE)) {
            return;
        }
        asked = link;
        askedAt = now;
        Request.Builder question = Request.newBuilder()
                .setConfiguration(ConfigurationRequest.newBuilder().setHave(have));
        link.send(question, new Pending() {
            @Override
            public void answered(Link from, Response response) {
                asked = null;
                if (!take(response) && response.hasConfigurationDelta()) {
                    // a whole one always fits
                    fetch(from, 0);
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

    private long number() {
        return fleet.table() == null ? 0 : fleet.table().number();
    }

    /** @return false if it tells of no configuration, or of changes to one that the client does not have */
    private boolean take(Response response) {
        if (response.hasConfiguration()) {
            fleet.adopt(response.getConfiguration());
            return true;
        }
        ConfigurationDelta delta = response.getConfigurationDelta();
        if (response.hasConfigurationDelta() && delta.getNumber() <= number()) {
            return true;
        }
        if (!response.hasConfigurationDelta() || delta.getFrom() != number()) {
            return false;
        }
        try {
            fleet.adopt(ConfigurationDeltas.apply(fleet.table().configuration(), delta));
            return true;
        } catch (IllegalArgumentException senseless) {
            return false;
        }
    }

    private void watch(Link link) {
        watch(link, number());
    }

    /** @param above the number told as known; 0 to be told a whole configuration */
    private void watch(Link link, long above) {
        watched = link;
        link.sendStanding(
                Request.newBuilder().setWatch(WatchRequest.newBuilder().setAbove(above)), new Pending() {
                    @Override
                    public void answered(Link from, Response response) {
                        if (take(response)) {
                            watched = from;
                        } else if (response.hasConfigurationDelta()) {
                            // the node goes on from elsewhere: from where this client was, if it is further by now
                            boolean wasThere = response.getConfigurationDelta().getFrom() < number();
                            from.endStanding();
                            watch(from, wasThere ? number() : 0);
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
