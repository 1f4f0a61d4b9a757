package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of the engine on disk. */
final class EngineFaults {
    private EngineFaults() {}

    private static Mutant engine(String name, String test, String file, String find, String replace) {
        return Mutant.of(
                "engine on disk",
                name,
                Judge.test("kv.engine.rocks." + test),
                new Patch("shard-kv/src/main/java/io/flotilla/kv/engine/rocks/" + file + ".java", find, replace));
    }

    static List<Mutant> all() {
        return List.of(
                engine(
                        "a page that was cut repeats its last row",
                        "RocksEngineTest#aCursorWithABoundIsCutOverRowsAndOverWhatIsGone",
                        "RocksCutCursor",
                        "rest = ascending ? Arrays.copyOf(last, last.length + 1) : last;",
                        "rest = last;"),
                engine(
                        "steps over deleted rows are not bounded",
                        "RocksEngineTest#aCursorWithABoundIsCutOverRowsAndOverWhatIsGone",
                        "RocksCutCursor",
                        "setMaxSkippableInternalKeys(maxSteps)",
                        "setMaxSkippableInternalKeys(0)"),
                engine(
                        "a page that was cut among deleted rows ends the scan",
                        "RocksEngineTest#aCursorWithABoundIsCutOverRowsAndOverWhatIsGone",
                        "RocksCutCursor",
                        "return stopped(last);",
                        "return false;"),
                engine(
                        "ranges full of deleted rows stay so",
                        "DeletedRangesTest#pagesThatFollowEachOtherAddUpInEitherDirection",
                        "DeletedRanges",
                        "steps += deleted;",
                        "steps = deleted;"),
                engine(
                        "what fails on the database's own threads is not looked for",
                        "RocksEngineTest#aFailureOnTheDatabasesOwnThreadsIsTold",
                        "RocksFlusher",
                        "if (db.getLongProperty(\"rocksdb.background-errors\") > 0) {",
                        "if (db.getLongProperty(\"rocksdb.background-errors\") < 0) {"),
                engine(
                        "files of imports are left behind by a crash",
                        "RocksEngineTest#aCrashLeavesNoFilesOfImports",
                        "RocksEngine",
                        "deleteImports(directory.resolve(IMPORTS));",
                        ""),
                engine(
                        "the database keeps a log of its own",
                        "RocksEngineTest#writesNoLogOfItsOwn",
                        "RocksEngine",
                        "setDisableWAL(true)",
                        "setDisableWAL(false)"),
                engine(
                        "the number of changes in a batch is written wrongly",
                        "RocksEngineTest#isAnOrderedMap",
                        "SerializedBatch",
                        "(byte) (count >>> 8 * i)",
                        "(byte) count"));
    }
}
