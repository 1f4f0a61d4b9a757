package io.flotilla.it.mutant;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.MutantLoader;
import io.flotilla.raft.mutant.Patch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each fault that our tests exist to find is put into the production code, and must be found. A usual run takes a
 * sample; {@code -Dflotilla.faults=all} takes them all, {@code -Dflotilla.faults=missing} those that have no row in the table of
 * docs/testing/faults.md, {@code -Dflotilla.faults=text} those whose names contain a text, or whose lesson it is, or one of several,
 * with commas between. All but the sample write their rows of the table anew; rows of faults that there are no more go.
 */
class DeliberateFaultsTest {
    /** A usual run takes each fault whose number leaves this remainder. */
    private static final int SAMPLE_OF = 10;

    private static final int SAMPLE = 1;

    private static final String BEGIN = "<!-- the table of faults, written by DeliberateFaultsTest -->\n";
    private static final String END = "<!-- end of the table of faults -->";
    private static final String FILE = "docs/testing/faults.md";

    /** Rows of faults that were caught in this run, by name. */
    private static final Map<String, String> TABLE = new TreeMap<>();

    static List<Mutant> all() {
        List<Mutant> all = new ArrayList<>();
        all.addAll(CoreFaults.ofElections());
        all.addAll(CoreFaults.ofReplication());
        all.addAll(CoreFaults.ofReadsAndSnapshots());
        all.addAll(CoreFaults.ofMemberships());
        all.addAll(HostFaults.all());
        all.addAll(LaneFaults.all());
        all.addAll(ServiceFaults.all());
        all.addAll(ServiceFaults.ofWindowsAndRows());
        all.addAll(ConfigurationFaults.all());
        all.addAll(GuardFaults.all());
        all.addAll(MoveFaults.ofHolds());
        all.addAll(MoveFaults.ofCommands());
        all.addAll(MoveFaults.ofIndexAndRows());
        all.addAll(CopyFaults.all());
        all.addAll(DriverFaults.ofTheTarget());
        all.addAll(DriverFaults.ofTheSource());
        all.addAll(ClientFaults.all());
        all.addAll(WireFaults.ofTheTransport());
        all.addAll(WireFaults.ofThreads());
        all.addAll(WireFaults.ofSlowDisks());
        all.addAll(EngineFaults.all());
        all.addAll(ProgramFaults.ofTheNode());
        all.addAll(ProgramFaults.ofTheCommandLine());
        all.addAll(StrangerFaults.all());
        all.addAll(FleetMoveFaults.ofMachines());
        all.addAll(FleetMoveFaults.ofCopies());
        all.addAll(FleetMoveFaults.ofNodes());
        all.addAll(FleetMoveFaults.ofTheController());
        all.addAll(PassingFaults.all());
        return all;
    }

    private static String wish() {
        return System.getProperty("flotilla.faults", "sample");
    }

    static Stream<Mutant> chosen() {
        String wish = wish();
        List<Mutant> all = all();
        if (wish.equals("all")) {
            return all.stream();
        }
        if (wish.equals("missing")) {
            Map<String, String> rows = rows(readTable());
            return all.stream().filter(mutant -> !rows.containsKey(mutant.name()));
        }
        if (wish.equals("sample")) {
            return all.stream().filter(mutant -> all.indexOf(mutant) % SAMPLE_OF == SAMPLE);
        }
        List<String> wishes = List.of(wish.split(",", -1));
        return all.stream()
                .filter(mutant -> wishes.stream()
                        .anyMatch(each ->
                                mutant.name().contains(each) || mutant.lesson().equals(each)));
    }

    @Test
    void thereAreEnoughOfThemAndTheyStillFit() throws Exception {
        assertThat(all()).hasSizeGreaterThanOrEqualTo(40);
        assertThat(all().stream().map(Mutant::name)).doesNotHaveDuplicates();
        for (Mutant mutant : all()) {
            mutant.check();
        }
    }

    @ParameterizedTest
    @MethodSource("chosen")
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void isCaught(Mutant mutant) throws Exception {
        Judge judge = mutant.judge();
        BiFunction<Long, String, String> run = MutantLoader.of(mutant).load(judge);
        long begin = System.nanoTime();
        String caught = null;
        long seed = 0;
        while (caught == null && seed < judge.maxSeeds()) {
            caught = run.apply(++seed, judge.argument());
        }
        System.out.printf(
                "fault '%s': %s, seed %d, %d ms: %s%n",
                mutant, judge.label(), seed, (System.nanoTime() - begin) / 1_000_000, caught);
        assertThat(caught)
                .as("the fault '%s', by %s over %d seeds", mutant, judge.label(), judge.maxSeeds())
                .isNotNull();
        assertThat(sound(judge).apply(seed, judge.argument()))
                .as("%s, seed %d, without the fault", judge.label(), seed)
                .isNull();
        TABLE.put(mutant.name(), row(mutant, seed, caught));
    }

    @SuppressWarnings("unchecked")
    private static BiFunction<Long, String, String> sound(Judge judge) throws ReflectiveOperationException {
        return (BiFunction<Long, String, String>)
                Class.forName(judge.className()).getDeclaredConstructor().newInstance();
    }

    private static String row(Mutant mutant, long seed, String caught) {
        Judge judge = mutant.judge();
        String by = judge.maxSeeds() > 1
                ? judge.label() + ": " + property(caught)
                : judge.argument().isEmpty()
                        ? judge.label() + " " + caught.substring(0, caught.indexOf('.'))
                        : judge.argument()
                                        .substring(judge.argument().lastIndexOf('.') + 1)
                                        .replace("#", " `") + "`";
        return "| " + mutant.lesson() + " | " + mutant.name() + " | " + by + " | "
                + (judge.maxSeeds() > 1 ? String.valueOf(seed) : "-") + " |\n";
    }

    /** What was broken, in a word or two: what stands before the first colon, without the time, or as much as fits. */
    private static String property(String caught) {
        String text = caught.replaceFirst("^at [0-9.]+ s of virtual time: ", "")
                .replaceFirst("^a task on lane \\S+ of \\S+ threw [\\w.]+: ", "")
                .strip()
                .lines()
                .findFirst()
                .orElse("");
        int colon = text.indexOf(": ");
        text = colon > 0 && colon < 40 ? text.substring(0, colon) : text;
        return text.length() > 60 ? text.substring(0, 57) + "..." : text;
    }

    private static String readTable() {
        try {
            return Files.readString(Patch.root().resolve(FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The rows of the table, by the names of the faults. */
    private static Map<String, String> rows(String text) {
        Map<String, String> rows = new TreeMap<>();
        text.substring(text.indexOf(BEGIN), text.indexOf(END))
                .lines()
                .filter(line -> line.startsWith("| "))
                .forEach(line -> rows.put(line.split(" \\| ", -1)[1], line + "\n"));
        return rows;
    }

    @AfterAll
    static void writeTable() throws IOException {
        if (wish().equals("sample")) {
            return;
        }
        String text = readTable();
        Map<String, String> rows = rows(text);
        rows.putAll(TABLE);
        StringBuilder table = new StringBuilder("| lesson | fault | caught by | seeds |\n|---|---|---|---|\n");
        for (Mutant mutant : all()) {
            table.append(rows.getOrDefault(mutant.name(), ""));
        }
        Files.writeString(
                Patch.root().resolve(FILE),
                text.substring(0, text.indexOf(BEGIN) + BEGIN.length()) + table + text.substring(text.indexOf(END)));
    }
}
