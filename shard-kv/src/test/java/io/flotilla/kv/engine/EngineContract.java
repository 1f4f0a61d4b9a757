package io.flotilla.kv.engine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every engine promises. */
public abstract class EngineContract {
    protected KvEngine engine;

    protected abstract KvEngine create() throws Exception;

    /** The engine as a restart after a power cut finds it. */
    protected abstract KvEngine crash(KvEngine engine) throws Exception;

    /** The engine opened again after it was closed. */
    protected abstract KvEngine reopen(KvEngine closed) throws Exception;

    @BeforeEach
    void open() throws Exception {
        engine = create();
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void holdsWhatWasWritten() {
        assertThat(engine.get(b("a"))).isNull();
        write(put("a", "1"), put("b", ""));
        assertThat(engine.get(b("a"))).isEqualTo(b("1"));
        assertThat(engine.get(b("b"))).isEmpty();
        write(put("a", "2"), delete("b"), delete("never there"));
        assertThat(rows("", null)).containsExactly("a=2");
    }

    @Test
    void inABatchTheLaterChangeWins() {
        write(put("a", "1"), put("a", "2"), delete("b"), put("b", "3"), put("c", "4"), delete("c"));
        assertThat(rows("", null)).containsExactly("a=2", "b=3");
        write(put("b", "5"), deleteRange("a", "c"), put("a", "6"));
        assertThat(rows("", null)).containsExactly("a=6");
    }

    @Test
    void ordersKeysAsUnsignedBytes() {
        write(put("\u00ff", "5"), put("\u0080", "4"), put("\u007f", "3"), put("\0\0", "2"), put("\0", "1"));
        assertThat(values(engine.ascending(b(""), null))).containsExactly("1", "2", "3", "4", "5");
        assertThat(values(engine.descending(b(""), null))).containsExactly("5", "4", "3", "2", "1");
    }

    @Test
    void cursorsKeepTheirBounds() {
        write(put("a", "1"), put("b", "2"), put("ba", "3"), put("c", "4"));
        assertThat(rows("b", "c")).containsExactly("b=2", "ba=3");
        assertThat(values(engine.descending(b("b"), b("c")))).containsExactly("3", "2");
        assertThat(rows("aa", "b")).isEmpty();
        assertThat(values(engine.descending(b("d"), null))).isEmpty();
        assertThat(rows("c", "b")).isEmpty();
        assertThat(values(engine.descending(b("c"), b("b")))).isEmpty();
        assertThat(rows("b", "b")).isEmpty();
    }

    @Test
    void aCursorSeesTheEngineAsItWas() {
        write(put("a", "1"), put("b", "2"), put("c", "3"));
        try (EngineCursor cursor = engine.ascending(b("a"), null)) {
            assertThat(cursor.next()).isTrue();
            write(put("b", "9"), delete("c"), put("d", "9"));
            try (EngineCursor newer = engine.descending(b("a"), null)) {
                write(deleteRange("a", "z"));
                assertThat(values(newer)).containsExactly("9", "9", "1");
            }
            assertThat(cursor.key()).isEqualTo(b("a"));
            assertThat(values(cursor)).containsExactly("2", "3");
            assertThat(cursor.next()).isFalse();
        }
        assertThat(rows("", null)).isEmpty();
    }

    @Test
    void deleteRangeLeavesWhatIsOutside() {
        write(put("a", "1"), put("b", "2"), put("bb", "3"), put("c", "4"));
        write(deleteRange("b", "c"));
        assertThat(rows("", null)).containsExactly("a=1", "c=4");
        write(deleteRange("c", "a"), deleteRange("c", "c"));
        assertThat(rows("", null)).containsExactly("a=1", "c=4");
    }

    /** In pages, each from where the one before was cut. */
    private List<String> cutRows(String from, String to, boolean ascending, int maxSteps, List<Integer> pages) {
        List<String> rows = new ArrayList<>();
        byte[] low = b(from);
        byte[] high = b(to);
        boolean goesOn = true;
        while (goesOn) {
            int before = rows.size();
            try (EngineCursor cursor =
                    ascending ? engine.ascending(low, high, maxSteps) : engine.descending(low, high, maxSteps)) {
                while (cursor.next()) {
                    rows.add(new String(cursor.key(), ISO_8859_1) + "=" + new String(cursor.value(), ISO_8859_1));
                }
                assertThat(cursor.next()).isFalse();
                goesOn = cursor.isCut();
                if (goesOn && ascending) {
                    assertThat(Keys.compare(cursor.rest(), low)).as("gets on").isPositive();
                    low = cursor.rest();
                } else if (goesOn) {
                    assertThat(Keys.compare(cursor.rest(), high)).as("gets on").isNegative();
                    high = cursor.rest();
                }
            }
            pages.add(rows.size() - before);
        }
        return rows;
    }

    @Test
    void aCursorWithABoundIsCutOverRowsAndOverWhatIsGone() {
        int many = 3_000;
        for (int i = 0; i < many; i++) {
            write(put(String.format("k%05d", i), "" + i));
        }
        engine.flush();
        for (int i = 0; i < many; i++) {
            if (i > 2_000 || (i < 1_900 && i % 50 != 0)) {
                write(delete(String.format("k%05d", i)));
            }
        }
        for (String[] range : new String[][] {{"", "z"}, {"k00100", "k02950"}, {"k02001", "k02999"}, {"l", "z"}}) {
            List<String> expected = rows(range[0], range[1]);
            List<Integer> pages = new ArrayList<>();
            assertThat(cutRows(range[0], range[1], true, 100, pages)).isEqualTo(expected);
            assertThat(pages).as("ascending").allMatch(rows -> rows <= 101);
            assertThat(pages.size()).isGreaterThan(range[0].equals("") ? 10 : 0).isLessThan(100);
            List<Integer> others = new ArrayList<>();
            List<String> reverse = new ArrayList<>(expected);
            java.util.Collections.reverse(reverse);
            assertThat(cutRows(range[0], range[1], false, 100, others)).isEqualTo(reverse);
            assertThat(others).as("descending").allMatch(rows -> rows <= 101);
            assertThat(cutRows(range[0], range[1], true, 1_000_000, new ArrayList<>()))
                    .isEqualTo(expected);
        }
        List<Integer> pages = new ArrayList<>();
        cutRows("k02500", "k02999", true, 100, pages);
        assertThat(pages).as("empty, with more").hasSizeGreaterThan(2).containsOnly(0);
    }

    @Test
    void durableSequenceFollowsTheFlush() {
        long first = write(put("a", "1"));
        long second = write(put("b", "2"), put("c", "3"));
        assertThat(second).isGreaterThan(first);
        assertThat(engine.durableSequence()).isLessThan(first);
        assertThat(engine.write(new EngineBatch())).isEqualTo(second);
        engine.flush();
        assertThat(engine.durableSequence()).isEqualTo(second);
        long third = write(put("d", "4"));
        assertThat(engine.durableSequence()).isGreaterThanOrEqualTo(second).isLessThan(third);
    }

    @Test
    void aCrashLeavesAPrefixOfWholeBatchesFromTheLastFlushOn() throws Exception {
        for (int i = 0; i < 10; i++) {
            write(put("first" + i, "x"), put("counter", "" + i), put("last" + i, "x"));
            if (i == 6) {
                engine.flush();
            }
        }
        engine = crash(engine);
        int reached = Integer.parseInt(new String(engine.get(b("counter")), ISO_8859_1));
        assertThat(reached).isBetween(6, 9);
        for (int i = 0; i < 10; i++) {
            assertThat(engine.get(b("first" + i)) != null).isEqualTo(i <= reached);
            assertThat(engine.get(b("last" + i)) != null).isEqualTo(i <= reached);
        }
        assertThat(engine.durableSequence())
                .as("all that a restart found is durable")
                .isGreaterThanOrEqualTo(engine.write(new EngineBatch()));
        write(put("counter", "again"));
        assertThat(engine.get(b("counter"))).isEqualTo(b("again"));
    }

    @Test
    void aViewKeepsWhatItSaw() throws Exception {
        write(put("a", "1"), put("b", "2"), put("c", "3"));
        EngineView view = engine.view();
        write(put("b", "9"), deleteRange("c", "d"), put("d", "9"));
        ingest("e=9");
        engine.flush();
        write(delete("a"));
        List<List<String>> seen = new ArrayList<>();
        Thread otherLane = new Thread(() -> {
            seen.add(values(view.ascending(b(""), null)));
            seen.add(values(view.ascending(b("b"), b("c"))));
            view.close();
            view.close();
        });
        otherLane.start();
        otherLane.join();
        assertThat(seen).containsExactly(List.of("1", "2", "3"), List.of("2"));
        assertThat(rows("", null)).containsExactly("b=9", "d=9", "e=9");
    }

    @Test
    void aViewThatLastsIsOpenedAgainAfterACrashAsItWas() throws Exception {
        write(put("a", "1"), put("b", "1"));
        try (EngineView view = engine.keepView("first")) {
            write(put("a", "2"), delete("b"));
            assertThat(values(view.ascending(b(""), null))).containsExactly("1", "1");
        }
        assertThat(engine.keptViews()).containsExactly("first");
        engine = crash(engine);
        assertThat(engine.get(b("a"))).as("durable with the view").isNotNull();
        write(put("a", "3"), deleteRange("a", "z"));
        engine.flush();
        assertThat(engine.keptViews()).containsExactly("first");
        assertThat(engine.keptView("second")).isNull();
        try (EngineView view = engine.keptView("first")) {
            assertThat(values(view.ascending(b(""), null))).containsExactly("1", "1");
            assertThat(values(view.ascending(b("a\0"), null))).containsExactly("1");
        }
        engine.forgetView("first");
        engine.forgetView("first");
        assertThat(engine.keptViews()).isEmpty();
        assertThat(engine.keptView("first")).isNull();
        assertThat(rows("", null)).isEmpty();
    }

    @Test
    void approximateBytesTellMuchFromLittle() {
        assertThat(engine.approximateBytes(b("a"), b("z"))).isLessThan(10_000);
        for (int i = 0; i < 100; i++) {
            write(put("k" + i, "x".repeat(10_000)));
        }
        assertThat(engine.approximateBytes(b("k"), b("l"))).isBetween(500_000L, 2_000_000L);
        assertThat(engine.approximateBytes(b("l"), b("z"))).isLessThan(100_000);
    }

    @Test
    void anImportIsSeenOnlyOnceItIsIngested() {
        write(put("a", "1"), put("d", "1"));
        try (EngineImport unfinished = engine.newImport();
                EngineImport dropped = engine.newImport()) {
            unfinished.put(b("b"), b("2"));
            dropped.put(b("c"), b("2"));
            dropped.finish();
            assertThat(rows("", null)).containsExactly("a=1", "d=1");
            assertThatThrownBy(() -> engine.ingest(unfinished)).isInstanceOf(EngineException.class);
            assertThatThrownBy(() -> unfinished.put(b("a"), b("2"))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> unfinished.put(b("b"), b("2"))).isInstanceOf(IllegalArgumentException.class);
        }
        ingest();
        ingest("b=3", "c=", "|", "e=3");
        assertThat(rows("", null)).containsExactly("a=1", "b=3", "c=", "d=1", "e=3");
        write(put("b", "4"), deleteRange("c", "e"), deleteRange("a", "b"));
        assertThat(rows("", null)).containsExactly("b=4", "e=3");
    }

    @Test
    void ingestedRowsAreDurableThoughEarlierBatchesMayBeLost() throws Exception {
        write(put("a", "1"));
        engine.flush();
        write(put("a", "2"), put("b", "2"));
        ingest("x1=3", "x2=3", "|", "y=3");
        write(put("b", "4"), delete("x1"));
        engine = crash(engine);
        String reached = new String(engine.get(b("a")), ISO_8859_1);
        boolean last = engine.get(b("x1")) == null;
        assertThat(rows("x2", null)).containsExactly("x2=3", "y=3");
        assertThat(rows("", "x1"))
                .isEqualTo(last ? List.of("a=2", "b=4") : reached.equals("2") ? List.of("a=2", "b=2") : List.of("a=1"));
        // what is written from here on overrules what was ingested
        write(put("y", "5"));
        engine.flush();
        assertThat(rows("y", null)).containsExactly("y=5");
    }

    @Test
    void whatWasWrittenBeforeUnderTheKeysOfAnImportNeverComesBack() throws Exception {
        write(put("x", "1"), put("y", "1"));
        write(deleteRange("w", "z"), put("z", "1"));
        ingest("x=2", "y=2");
        assertThat(rows("x", "z")).containsExactly("x=2", "y=2");
        engine = crash(engine);
        assertThat(rows("x", null)).containsExactly("x=2", "y=2", "z=1");
    }

    @Test
    void filesUnderDeletedRowsGoAndNothingElse() throws Exception {
        ingest("a=1", "|", "g1=1", "g2=1", "|", "z=1");
        write(put("b", "2"), put("g3", "2"), put("y", "2"));
        write(deleteRange("g", "h"));
        engine.flush();
        try (EngineCursor open = engine.ascending(b("a"), null)) {
            assertThat(open.next()).isTrue();
            engine.deleteFiles(b("g"), b("h"));
            assertThat(values(open)).containsExactly("2", "2", "1");
        }
        engine.deleteFiles(b("g"), b("h"));
        engine.deleteFiles(b("c"), b("d"));
        assertThat(rows("", null)).containsExactly("a=1", "b=2", "y=2", "z=1");
        write(put("c", "3"));
        engine.flush();
        engine = crash(engine);
        assertThat(rows("", null)).containsExactly("a=1", "b=2", "c=3", "y=2", "z=1");
    }

    @Test
    void durableSequenceIsRightAcrossIngests() {
        write(put("a", "1"));
        engine.flush();
        long before = write(put("b", "1"));
        // an open view makes an engine on disk give ingested rows a number of their own
        try (EngineView view = engine.view()) {
            ingest("x=1");
            assertThat(engine.durableSequence()).isLessThan(before);
            assertThat(values(view.ascending(b("x"), null))).isEmpty();
        }
        long after = write(put("c", "1"));
        ingest("y=1");
        assertThat(after).isGreaterThan(before);
        assertThat(engine.durableSequence()).isLessThan(before);
        engine.flush();
        assertThat(engine.durableSequence()).isGreaterThanOrEqualTo(after);
        assertThat(engine.durableSequence()).isGreaterThanOrEqualTo(engine.write(new EngineBatch()));
    }

    @Test
    void aFlushAskedForComesSoon() {
        engine.flushSoon();
        write(put("a", "1"));
        try (EngineView view = engine.view()) {
            ingest("x=1");
            assertThat(values(view.ascending(b(""), null))).containsExactly("1");
        }
        long last = engine.write(new EngineBatch());
        assertThat(engine.durableSequence()).isLessThan(last);
        long start = System.nanoTime();
        while (engine.durableSequence() < last) {
            engine.flushSoon();
            assertThat(System.nanoTime() - start).isLessThan(120_000_000_000L);
            Thread.onSpinWait();
        }
        assertThat(engine.durableSequence()).isEqualTo(last);
    }

    @Test
    void closingKeepsEverything() throws Exception {
        write(put("a", "1"));
        engine.flush();
        write(put("b", "2"), delete("a"));
        engine.close();
        assertThatThrownBy(() -> engine.get(b("a"))).isInstanceOf(EngineException.class);
        assertThatThrownBy(() -> write(put("c", "3"))).isInstanceOf(EngineException.class);
        engine = reopen(engine);
        assertThat(rows("", null)).containsExactly("b=2");
    }

    @Test
    void isAnOrderedMap() throws Exception {
        SplittableRandom random = new SplittableRandom(7);
        NavigableMap<String, String> model = new TreeMap<>();
        for (int round = 0; round < 300; round++) {
            EngineBatch batch = new EngineBatch();
            for (int i = random.nextInt(8); i >= 0; i--) {
                String key = key(random);
                int kind = random.nextInt(10);
                if (kind < 6) {
                    batch.put(b(key), b("v" + round + "." + i));
                    model.put(key, "v" + round + "." + i);
                } else if (kind < 9) {
                    batch.delete(b(key));
                    model.remove(key);
                } else {
                    String to = key(random);
                    batch.deleteRange(b(key), b(to));
                    if (key.compareTo(to) < 0) {
                        model.subMap(key, to).clear();
                    }
                }
            }
            engine.write(batch);
            if (random.nextInt(40) == 0) {
                engine.flush();
            }
            String from = key(random);
            String to = key(random);
            NavigableMap<String, String> expected =
                    from.compareTo(to) < 0 ? model.subMap(from, true, to, false) : new TreeMap<>();
            assertThat(values(engine.ascending(b(from), b(to)))).containsExactlyElementsOf(expected.values());
            assertThat(values(engine.descending(b(from), b(to))))
                    .containsExactlyElementsOf(expected.descendingMap().values());
            String one = key(random);
            byte[] value = engine.get(b(one));
            assertThat(value == null ? null : new String(value, ISO_8859_1)).isEqualTo(model.get(one));
        }
    }

    private static String key(SplittableRandom random) {
        StringBuilder key = new StringBuilder();
        for (int i = random.nextInt(3); i >= 0; i--) {
            key.append((char) (random.nextInt(4) * 85));
        }
        return key.toString();
    }

    // ---- helpers ----

    protected static byte[] b(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private interface Change {
        void addTo(EngineBatch batch);
    }

    private static Change put(String key, String value) {
        return batch -> batch.put(b(key), b(value));
    }

    private static Change delete(String key) {
        return batch -> batch.delete(b(key));
    }

    private static Change deleteRange(String from, String to) {
        return batch -> batch.deleteRange(b(from), b(to));
    }

    private long write(Change... changes) {
        EngineBatch batch = new EngineBatch();
        for (Change change : changes) {
            change.addTo(batch);
        }
        return engine.write(batch);
    }

    /** Ingests rows given as {@code key=value}; a bar cuts. */
    private void ingest(String... rows) {
        try (EngineImport rowsToCome = engine.newImport()) {
            for (String row : rows) {
                if (row.equals("|")) {
                    rowsToCome.cut();
                } else {
                    int equals = row.indexOf('=');
                    rowsToCome.put(b(row.substring(0, equals)), b(row.substring(equals + 1)));
                }
            }
            rowsToCome.finish();
            engine.ingest(rowsToCome);
        }
    }

    private List<String> rows(String from, String to) {
        List<String> rows = new ArrayList<>();
        try (EngineCursor cursor = engine.ascending(b(from), to == null ? null : b(to))) {
            while (cursor.next()) {
                rows.add(new String(cursor.key(), ISO_8859_1) + "=" + new String(cursor.value(), ISO_8859_1));
            }
        }
        return rows;
    }

    private static List<String> values(EngineCursor cursor) {
        List<String> values = new ArrayList<>();
        try (cursor) {
            while (cursor.next()) {
                values.add(new String(cursor.value(), ISO_8859_1));
            }
        }
        return values;
    }
}
