package io.flotilla.it.process;

import io.flotilla.client.BatchResult;
import io.flotilla.client.Expectation;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.Row;
import io.flotilla.client.ScanPage;
import io.flotilla.client.ScanQuery;
import io.flotilla.client.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Accounts of one shard between which tellers carry money by batches: whoever reads all in one page must find the same sum. */
final class Bank implements AutoCloseable {
    private static final int ACCOUNTS = 8;
    private static final int EACH = 100;
    /** Its first byte is 0: the first shard. */
    private static final String PREFIX = "\0bank-";

    private final FlotillaClient client;
    private final List<CompletableFuture<Void>> tellers = new ArrayList<>();
    private final AtomicLong carried = new AtomicLong();
    private final AtomicLong overtaken = new AtomicLong();
    private final AtomicLong unknown = new AtomicLong();
    private volatile boolean closing;

    Bank(FlotillaClient client) {
        this.client = client;
    }

    Bank open(int count) {
        for (int i = 0; i < ACCOUNTS; i++) {
            client.put(PREFIX + i, Integer.toString(EACH));
        }
        for (int i = 0; i < count; i++) {
            SplittableRandom random = new SplittableRandom(i);
            CompletableFuture<Void> over = new CompletableFuture<>();
            tellers.add(over);
            Thread teller = new Thread(
                    () -> {
                        try {
                            while (!closing) {
                                carry(random);
                            }
                            over.complete(null);
                        } catch (RuntimeException | AssertionError e) {
                            over.completeExceptionally(e);
                        }
                    },
                    "teller " + i);
            teller.setDaemon(true);
            teller.start();
        }
        return this;
    }

    private void carry(SplittableRandom random) {
        List<Row> accounts = read();
        Row from = accounts.get(random.nextInt(ACCOUNTS));
        Row to = accounts.get(random.nextInt(ACCOUNTS));
        int amount = 1 + random.nextInt(5);
        if (from == to || balance(from) < amount) {
            return;
        }
        WriteBatch batch = WriteBatch.builder()
                .onlyIf(from.key(), Expectation.version(from.version()))
                .onlyIf(to.key(), Expectation.version(to.version()))
                .put(from.key(), text(balance(from) - amount))
                .put(to.key(), text(balance(to) + amount))
                .build();
        try {
            BatchResult result = client.batch(batch);
            (result.done() ? carried : overtaken).incrementAndGet();
        } catch (IndeterminateException e) {
            unknown.incrementAndGet();
        }
    }

    private static byte[] text(int balance) {
        return Integer.toString(balance).getBytes(StandardCharsets.UTF_8);
    }

    private static int balance(Row account) {
        return Integer.parseInt(account.valueText());
    }

    /** All accounts as they were at one time; fails if money was lost or made. */
    private List<Row> read() {
        ScanPage page = client.scanPage(ScanQuery.all().prefix(PREFIX));
        int sum = page.rows().stream().mapToInt(Bank::balance).sum();
        if (page.rows().size() != ACCOUNTS || sum != ACCOUNTS * EACH) {
            throw new AssertionError("the accounts should have " + ACCOUNTS * EACH + " in all, but: " + page.rows());
        }
        return page.rows();
    }

    /** Fails if a teller failed, or a sum was wrong. */
    String stop() throws Exception {
        closing = true;
        for (CompletableFuture<Void> teller : tellers) {
            teller.get(2, TimeUnit.MINUTES);
        }
        read();
        for (int i = 0; i < ACCOUNTS; i++) {
            client.delete(PREFIX + i);
        }
        return carried + " transfers, " + overtaken + " overtaken, " + unknown + " unknown";
    }

    @Override
    public void close() {
        closing = true;
    }
}
