package io.flotilla.kv.engine.rocks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Collections;
import java.util.List;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.DataBlockIndexType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.TablePropertiesCollectorFactory;

/** How the engine's database is set up: memtables, files, caches. */
final class RocksOptions {
    /** Small: finding a row's place in a large memtable is one miss of the processor's cache after the other. */
    private static final long MEMTABLE_BYTES = 8L << 20;
    /** So many memtables become one file. */
    private static final int MEMTABLES_TOGETHER = 8;

    private static final int MEMTABLES = 3 * MEMTABLES_TOGETHER;
    /** Share of a memtable for a filter of its keys, for a read looks into each of them. */
    private static final double MEMTABLE_FILTER = 0.02;

    private static final long LEAST_BLOCK_CACHE_BYTES = 64L << 20;
    private static final long MOST_BLOCK_CACHE_BYTES = 1L << 30;
    /** The share of the machine's memory that the block cache may take: a small one, for a machine may have many nodes. */
    private static final int BLOCK_CACHE_SHARE = 32;

    /** Rows one after the other, of which half are deletions. */
    private static final long DELETION_WINDOW = 4_096;

    private static final int OPEN_FILES = 512;

    private RocksOptions() {}

    /** @param handles gets what must outlive the database, the options too */
    static Options of(List<AutoCloseable> handles, AbstractEventListener listener) {
        BloomFilter filter = RocksEngine.keep(handles, new BloomFilter(10));
        LRUCache cache = RocksEngine.keep(handles, new LRUCache(blockCacheBytes()));
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockSize(4 << 10)
                .setDataBlockIndexType(DataBlockIndexType.kDataBlockBinaryAndHash)
                .setBlockCache(cache)
                .setFilterPolicy(filter)
                .setCacheIndexAndFilterBlocks(true)
                .setPinL0FilterAndIndexBlocksInCache(true);
        Options options = RocksEngine.keep(handles, new Options())
                .setCreateIfMissing(true)
                .setParanoidChecks(true)
                .setTableFormatConfig(table)
                .setWriteBufferSize(MEMTABLE_BYTES)
                .setMaxWriteBufferNumber(MEMTABLES)
                .setMinWriteBufferNumberToMerge(MEMTABLES_TOGETHER)
                .setMemtablePrefixBloomSizeRatio(MEMTABLE_FILTER)
                .setMemtableWholeKeyFiltering(true)
                .setCompressionPerLevel(List.of(CompressionType.NO_COMPRESSION, CompressionType.LZ4_COMPRESSION))
                .setLevelCompactionDynamicLevelBytes(true)
                .setMaxBackgroundJobs(2)
                .setBytesPerSync(1 << 20)
                .setMaxOpenFiles(OPEN_FILES)
                .setKeepLogFileNum(2)
                .setMaxLogFileSize(4 << 20)
                .setStatsDumpPeriodSec(0)
                // a failed disk is final: nothing is tried again behind our back
                .setMaxBgErrorResumeCount(0)
                .setListeners(Collections.singletonList(listener));
        // a file of which so much says that rows are gone is compacted before readers step over it again and again
        options.setTablePropertiesCollectorFactory(List.of(RocksEngine.keep(
                handles,
                TablePropertiesCollectorFactory.NewCompactOnDeletionCollectorFactory(
                        DELETION_WINDOW, DELETION_WINDOW / 2, 0.5))));
        return options;
    }

    private static long blockCacheBytes() {
        OperatingSystemMXBean machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long share = machine.getTotalMemorySize() / BLOCK_CACHE_SHARE;
        return Math.max(LEAST_BLOCK_CACHE_BYTES, Math.min(MOST_BLOCK_CACHE_BYTES, share));
    }
}
