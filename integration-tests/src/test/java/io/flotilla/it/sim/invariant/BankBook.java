package io.flotilla.it.sim.invariant;

import io.flotilla.raft.sim.invariant.Violation;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Accounts of one bank, which lie in one shard: money goes between them by batches alone, so their sum is the same in each read of all
 * of them, and each account has at the end what the transfers that were acknowledged left, give or take those of unknown outcome.
 */
public final class BankBook {
    /** What each account begins with. */
    public static final long DEPOSIT = 100;

    private static final class Account {
        private long known;
        private long perhapsLess;
        private long perhapsMore;
    }

    private final String name;
    private final SortedMap<Integer, Account> accounts = new TreeMap<>();
    private long transfers;

    /** @param accounts how many there are */
    public BankBook(String name, int accounts) {
        this.name = name;
        for (int i = 0; i < accounts; i++) {
            this.accounts.put(i, new Account());
        }
    }

    /** A transfer has ended. @param known false if it may have been done or not, or may be done yet */
    public void transferred(int from, int to, long amount, boolean known) {
        add(from, -amount, known);
        add(to, amount, known);
        transfers += known ? 1 : 0;
    }

    private void add(int account, long amount, boolean known) {
        Account book = accounts.get(account);
        if (known) {
            book.known += amount;
        } else if (amount < 0) {
            book.perhapsLess += amount;
        } else {
            book.perhapsMore += amount;
        }
    }

    /** How many were acknowledged. */
    public long transfers() {
        return transfers;
    }

    /** All accounts, read at one moment. @param balances empty before the bank was opened */
    public void audited(String client, List<Long> balances) {
        long sum = balances.stream().mapToLong(Long::longValue).sum();
        if (!balances.isEmpty() && (balances.size() != accounts.size() || sum != DEPOSIT * accounts.size())) {
            throw new Violation("BankSum", "%s found the accounts of %s to be %s", client, name, balances);
        }
    }

    /** All accounts when nothing is under way any more. */
    public void closed(List<Long> balances) {
        for (int i = 0; i < balances.size(); i++) {
            Account book = accounts.get(i);
            long least = DEPOSIT + book.known + book.perhapsLess;
            long most = DEPOSIT + book.known + book.perhapsMore;
            if (balances.get(i) < least || balances.get(i) > most) {
                throw new Violation(
                        "ExactlyOnce",
                        "account %d of %s has %d, by what was acknowledged it must have from %d to %d",
                        i,
                        name,
                        balances.get(i),
                        least,
                        most);
            }
        }
    }
}
