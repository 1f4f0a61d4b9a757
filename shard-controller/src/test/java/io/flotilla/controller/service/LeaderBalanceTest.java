package io.flotilla.controller.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.GroupReport;
import io.flotilla.client.proto.LeaderTransfer;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.NodeReportRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class LeaderBalanceTest {
    private static final long SECOND = 1_000_000_000L;
    /** Clocks that count nanoseconds may begin anywhere. */
    private static final long BEGIN = Long.MIN_VALUE / 2;

    private final ReportBoard board = new ReportBoard();
    private final LeaderBalance balance = new LeaderBalance();
    private final SortedMap<Long, String> leaders = new TreeMap<>();
    private final SortedMap<Long, Long> terms = new TreeMap<>();
    private final SortedSet<String> up = new TreeSet<>(List.of("n1", "n2", "n3"));
    private final SortedSet<String> slow = new TreeSet<>();
    private final List<LeaderTransfer> told = new ArrayList<>();
    private Configuration configuration;
    private boolean isObeyed = true;
    private long term = 1;
    private long now = BEGIN;

    private void fleet(int groups, String leader) {
        Configuration.Builder made = Configuration.newBuilder().setNumber(1).setFleetId("f");
        List<String> ids = List.of("n1", "n2", "n3");
        ids.forEach(id -> made.addNodes(Node.newBuilder().setId(id)));
        made.addGroups(Group.newBuilder().setId(0).addAllReplicas(ids));
        for (long group = 1; group <= groups; group++) {
            made.addGroups(Group.newBuilder().setId(group).addAllReplicas(ids));
            leaders.put(group, leader);
            terms.put(group, 5L);
        }
        configuration = made.build();
    }

    private void run(int seconds) {
        for (int i = 0; i < seconds; i++) {
            for (String node : List.of("n1", "n2", "n3")) {
                if (up.contains(node)) {
                    report(node);
                }
            }
            now += SECOND;
        }
    }

    private void report(String node) {
        NodeReportRequest.Builder report =
                NodeReportRequest.newBuilder().setNode(node).setTakesLeaderships(!slow.contains(node));
        leaders.forEach((group, leader) -> {
            if (leader.equals(node)) {
                report.addGroups(GroupReport.newBuilder().setGroup(group).setTerm(terms.get(group)));
            }
        });
        board.accept(term, now, configuration, report.build());
        List<LeaderTransfer> wishes = balance.of(node, term, now, configuration, board.look(term, now, configuration));
        told.addAll(wishes);
        for (LeaderTransfer wish : wishes) {
            assertThat(leaders.get(wish.getGroup())).isEqualTo(node);
            if (isObeyed && wish.getTerm() == terms.get(wish.getGroup())) {
                leaders.put(wish.getGroup(), wish.getTarget());
                terms.merge(wish.getGroup(), 1L, Long::sum);
            }
        }
    }

    private List<Integer> counts() {
        List<Integer> counts = new ArrayList<>();
        for (String node : List.of("n1", "n2", "n3")) {
            counts.add((int) leaders.values().stream().filter(node::equals).count());
        }
        return counts;
    }

    @Test
    void allLeadAsManyAfterAWhileAndNothingMovesThen() {
        fleet(12, "n1");
        run(7);
        assertThat(told).as("a fleet that has just begun is left to settle").isEmpty();
        run(13);
        assertThat(counts()).containsExactly(4, 4, 4);
        told.clear();
        run(600);
        assertThat(told).isEmpty();
    }

    @Test
    void aNodeThatComesBackGetsItsShareWithin30Seconds() {
        fleet(300, "n1");
        run(60);
        assertThat(counts()).containsExactly(100, 100, 100);
        up.remove("n3");
        leaders.replaceAll((group, leader) -> leader.equals("n3") ? "n1" : leader);
        terms.replaceAll((group, since) -> since + 1);
        run(40);
        assertThat(counts()).containsExactly(150, 150, 0);
        up.add("n3");
        run(30);
        assertThat(counts()).containsExactly(100, 100, 100);
    }

    @Test
    void aSlowDiskGetsNoLeadershipsUntilItIsWell() {
        fleet(9, "n1");
        slow.add("n3");
        run(30);
        assertThat(counts()).containsExactly(5, 4, 0);
        slow.clear();
        run(20);
        assertThat(counts()).containsExactly(3, 3, 3);
    }

    @Test
    void aGroupThatDoesNotGoIsLeftAloneForAWhile() {
        fleet(6, "n1");
        isObeyed = false;
        run(14);
        int first = told.size();
        assertThat(first).isPositive();
        told.clear();
        run(7);
        assertThat(told)
                .as("of two others, not of the same")
                .extracting(LeaderTransfer::getGroup)
                .containsOnly(5L, 6L);
        told.clear();
        run(15);
        assertThat(told).as("all rest").isEmpty();
        isObeyed = true;
        run(40);
        assertThat(counts()).containsExactly(2, 2, 2);
    }

    @Test
    void aNewLeaderOfTheControllerBeginsAnew() {
        fleet(6, "n1");
        isObeyed = false;
        run(10);
        assertThat(told).isNotEmpty();
        told.clear();
        term++;
        run(7);
        assertThat(told).isEmpty();
        isObeyed = true;
        run(10);
        assertThat(counts()).containsExactly(2, 2, 2);
    }

    @Test
    void aGroupWithoutALeaderHoldsTheOthersUpForAWhileOnly() {
        fleet(7, "n1");
        leaders.put(7L, "nobody");
        run(20);
        assertThat(told).as("it may be electing one").isEmpty();
        run(30);
        assertThat(counts()).containsExactly(2, 2, 2);
        leaders.put(7L, "n2");
        run(20);
        assertThat(counts()).containsExactly(2, 3, 2);
    }
}
