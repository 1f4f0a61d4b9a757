package io.flotilla.client.call;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The fleet as this client knows it: the routing table, the ways to the groups, the streams to the nodes, and where to
 * look when they are not where they should be. Owned by the loop.
 */
final class FleetView {
    private final ClientLoop loop;
    private final ConfigurationFollower follower;
    private final Map<String, Link> links = new LinkedHashMap<>();
    private final Map<Long, GroupRoute> groups = new LinkedHashMap<>();
    // where nodes were found or said to be, also where the configuration has them elsewhere
    private final Map<String, String> learnt = new LinkedHashMap<>();
    private final List<ConfigurationTeller> listeners = new ArrayList<>();
    private final List<Link> toFlush = new ArrayList<>();
    /** Empty until it is known. */
    private String fleetId;

    private RoutingTable table;
    private boolean flushing;
    /** Groups that seek their leader. */
    private int seekers;

    private boolean closed;
    private String watchProblem = "";

    /** @param fleetId empty if the first configuration tells */
    FleetView(ClientLoop loop, List<String> endpoints, String fleetId) {
        this.loop = loop;
        this.fleetId = fleetId;
        this.follower = new ConfigurationFollower(loop, this, endpoints);
    }

    // ---- what is known ----

    /** Null until the first configuration is known. */
    RoutingTable table() {
        return table;
    }

    /** Only with a table. */
    GroupRoute group(long id) {
        GroupRoute group = groups.get(id);
        if (group == null) {
            group = new GroupRoute(loop, id);
            group.setReplicas(table.replicas(id));
            groups.put(id, group);
        }
        return group;
    }

    /** @param more how many more seek their leader than before. @return how many do */
    int seekers(int more) {
        seekers += more;
        return seekers;
    }

    /** Takes a configuration over if it is newer. */
    void adopt(Configuration configuration) {
        if (foreignFleet(configuration.getFleetId()) != null
                || (table != null && configuration.getNumber() <= table.number())) {
            return;
        }
        table = table == null ? RoutingTable.of(configuration) : table.succeededBy(configuration);
        fleetId = configuration.getFleetId().isEmpty() ? fleetId : configuration.getFleetId();
        watchProblem = "";
        for (GroupRoute group : groups.values()) {
            group.setReplicas(table.replicas(group.id()));
        }
        learnt.clear();
        for (Link link : links.values()) {
            if (link.isReady() && table.address(link.node()) != null) {
                learnt.put(link.node(), link.address());
            }
        }
        dropStrangers();
        listeners.forEach(listener -> listener.tell(configuration));
        loop.tableKnown();
        placeAnew();
        long now = loop.now();
        for (GroupRoute group : groups.values()) {
            group.seek(now);
        }
    }

    void listen(ConfigurationTeller listener) {
        listeners.add(listener);
        if (table != null) {
            listener.tell(table.configuration());
        }
        follower.start();
    }

    /** Begins to look for the fleet, if that has not begun. */
    void start() {
        follower.start();
    }

    /** Asks any connected node for its newest configuration. */
    void refresh() {
        Link link = anyReadyLink(null);
        if (link != null) {
            follower.fetch(link);
        }
    }

    /** What each refusal tells, whatever becomes of the request. */
    void learn(Attempt attempt, Refusal refusal) {
        Link link = attempt.link;
        if (table != null && refusal.getConfigurationNumber() > table.number()) {
            follower.fetch(link);
        }
        if (!refusal.getLeaderAddress().isEmpty()) {
            learnt.put(refusal.getLeader(), refusal.getLeaderAddress());
        }
        boolean news = correct(refusal);
        boolean namesOwner = refusal.getKind() == Refusal.Kind.STALE_ROUTE
                && refusal.getShardsCount() > 0
                && !refusal.getLeader().isEmpty();
        if (table != null && namesOwner) {
            group(refusal.getShards(0).getGroup()).told(refusal.getLeader(), attempt.sentAt);
        }
        if (news) {
            placeAnew();
        }
    }

    /** After shards changed their owners: whoever waits for the old one goes to the new one. */
    private void placeAnew() {
        // looked up only; most that wait are for a few shards
        Map<ShardRoute, Boolean> gone = new LinkedHashMap<>();
        Predicate<Call<?>> isGone =
                call -> call.route() != null && gone.computeIfAbsent(call.route(), route -> !table.stillHas(route));
        for (GroupRoute group : List.copyOf(groups.values())) {
            group.placeAnew(isGone);
        }
    }

    /** Takes over what a refusal says about shards. @return whether that was news */
    private boolean correct(Refusal refusal) {
        if (table == null || refusal.getShardsCount() == 0) {
            return false;
        }
        RoutingTable before = table;
        table = table.corrected(refusal.getShardsList());
        return table != before;
    }

    /** Why a node of this fleet is not one of ours, or null if it is or belongs to none yet. */
    String foreignFleet(String other) {
        boolean foreign = !other.isEmpty() && !fleetId.isEmpty() && !other.equals(fleetId);
        return foreign ? "belongs to fleet " + other + ", not to " + fleetId : null;
    }

    /** A node that could not tell of configurations, which explains itself if nobody else can. */
    void watchRefused(Link link, String message) {
        watchProblem = link.address() + ": " + message;
    }

    /** Why no node could be asked, as far as the endpoints tell; else what is given. */
    String whyUnreachable(String otherwise) {
        StringBuilder text = new StringBuilder();
        for (String endpoint : follower.endpoints()) {
            Link link = links.get(endpoint);
            if (link == null || link.isReady()) {
                continue;
            }
            text.append(text.isEmpty() ? "" : "; ").append(link.lastFailure());
        }
        if (text.isEmpty() && !watchProblem.isEmpty()) {
            return watchProblem;
        }
        return text.isEmpty() ? otherwise : text.toString();
    }

    // ---- streams ----

    /** The stream to an address, open or not. */
    Link link(String address) {
        Link link = links.get(address);
        if (link == null) {
            link = new Link(loop, address);
            links.put(address, link);
        }
        return link;
    }

    /** The stream to a node by its id, or null if its address is not known. */
    Link linkTo(String node) {
        String configured = table == null ? null : table.address(node);
        String found = learnt.get(node);
        if (configured == null || found == null || found.equals(configured)) {
            String only = configured == null ? found : configured;
            return only == null ? null : link(only);
        }
        Link byConfiguration = link(configured);
        if (byConfiguration.isReady()) {
            return byConfiguration;
        }
        Link byWord = link(found);
        long now = loop.now();
        boolean usable = byWord.isReady()
                || (!byConfiguration.mayConnect(now) && !byConfiguration.isConnecting(now, Long.MAX_VALUE));
        return usable ? byWord : byConfiguration;
    }

    /** A ready stream without an unanswered attempt of the call, if there is a call; or null. */
    Link anyReadyLink(Call<?> call) {
        for (Link link : links.values()) {
            if (link.isReady() && (call == null || !call.isOpenOn(link))) {
                return link;
            }
        }
        return null;
    }

    /** For when the nodes are not found where they should be: they may have moved, and the endpoints may know. */
    void connectEndpoints() {
        long now = loop.now();
        for (String endpoint : follower.endpoints()) {
            Link link = link(endpoint);
            if (link.mayConnect(now)) {
                link.connect();
            }
        }
    }

    void linkReady(Link link) {
        if (!link.node().isEmpty()) {
            learnt.put(link.node(), link.address());
        }
        for (Call<?> call : link.callers.releaseAll()) {
            loop.place(call);
        }
        loop.someNodeReady();
        follower.linkReady();
        long now = loop.now();
        for (GroupRoute group : groups.values()) {
            group.linkReady(link, now);
        }
    }

    /** Before the stream's unanswered requests are told. */
    void linkDown(Link link) {
        for (GroupRoute group : groups.values()) {
            group.linkDown(link);
        }
        for (Call<?> call : link.callers.releaseAll()) {
            loop.unreachable(call, link);
        }
    }

    /** After the stream's unanswered requests were told. */
    void linkDownDone(Link link) {
        if (closed) {
            return;
        }
        follower.linkDown(link);
        long now = loop.now();
        for (GroupRoute group : groups.values()) {
            group.seek(now);
        }
    }

    /** Closes streams to where no node is any more. */
    private void dropStrangers() {
        List<String> known = follower.candidates();
        for (Link link : List.copyOf(links.values())) {
            if (link.isIdle() && !known.contains(link.address()) && !learnt.containsValue(link.address())) {
                links.remove(link.address());
                link.drop("the node is no longer there");
            }
        }
    }

    /** The stream's frame leaves at the end of this turn, with all that is added until then. */
    void flushLater(Link link) {
        toFlush.add(link);
        if (!flushing) {
            flushing = true;
            loop.enter(this::flush);
        }
    }

    private void flush() {
        flushing = false;
        for (Link link : toFlush) {
            link.flushTurn();
        }
        toFlush.clear();
    }

    /** Closes all streams, for good. */
    void close() {
        closed = true;
        for (Link link : List.copyOf(links.values())) {
            link.drop("closed by the client");
        }
    }
}
