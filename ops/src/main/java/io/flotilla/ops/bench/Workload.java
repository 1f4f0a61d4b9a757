package io.flotilla.ops.bench;

/** What the operations of a run are. The letters are those of the YCSB core workloads. */
public enum Workload {
    /** Puts to keys chosen evenly. */
    put(KeyChooser.Kind.uniform, 0, 100, 0, 0, 0),
    /** Gets of keys chosen evenly. */
    get(KeyChooser.Kind.uniform, 100, 0, 0, 0, 0),
    /** 50 % gets, 50 % puts to keys that are there. */
    a(KeyChooser.Kind.zipfian, 50, 50, 0, 0, 0),
    /** 95 % gets, 5 % puts to keys that are there. */
    b(KeyChooser.Kind.zipfian, 95, 5, 0, 0, 0),
    /** Gets only. */
    c(KeyChooser.Kind.zipfian, 100, 0, 0, 0, 0),
    /** 95 % scans of 1 to 100 rows, 5 % puts to new keys. */
    e(KeyChooser.Kind.zipfian, 0, 0, 95, 5, 0),
    /** Compare-and-sets of keys chosen evenly whose condition never holds: they change nothing. */
    cas(KeyChooser.Kind.uniform, 0, 0, 0, 0, 100);

    /** One operation. */
    enum Step {
        GET,
        PUT,
        SCAN,
        INSERT,
        FAILED_CAS
    }

    private final KeyChooser.Kind distribution;
    private final int gets;
    private final int puts;
    private final int scans;
    private final int inserts;

    Workload(KeyChooser.Kind distribution, int gets, int puts, int scans, int inserts, int failedCas) {
        this.distribution = distribution;
        this.gets = gets;
        this.puts = puts;
        this.scans = scans;
        this.inserts = inserts;
        if (gets + puts + scans + inserts + failedCas != 100) {
            throw new IllegalArgumentException("the shares of a workload are percents");
        }
    }

    /** How keys are chosen unless the caller says otherwise. */
    public KeyChooser.Kind distribution() {
        return distribution;
    }

    /** Whether operations expect keys to be there. */
    public boolean reads() {
        return this != put && this != cas;
    }

    /** @param percent evenly chosen from 0 to 99 */
    Step step(int percent) {
        if (percent < gets) {
            return Step.GET;
        }
        if (percent < gets + puts) {
            return Step.PUT;
        }
        if (percent < gets + puts + scans) {
            return Step.SCAN;
        }
        return percent < gets + puts + scans + inserts ? Step.INSERT : Step.FAILED_CAS;
    }
}
