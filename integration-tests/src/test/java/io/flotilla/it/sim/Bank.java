package io.flotilla.it.sim;

import io.flotilla.client.VersionedValue;
import io.flotilla.it.sim.invariant.BankBook;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Some accounts in one shard, between which clients move money. */
record Bank(String name, List<String> accounts, BankBook book) {
    private static final int ACCOUNTS = 4;

    /** @param place the first character of its keys */
    static Bank at(char place) {
        String name = place + "bank";
        return new Bank(
                name,
                IntStream.range(0, ACCOUNTS).mapToObj(i -> name + "-" + i).toList(),
                new BankBook(name, ACCOUNTS));
    }

    List<byte[]> keys() {
        return accounts.stream().map(Keys::bytes).toList();
    }

    /** What is in the accounts; empty if none of them is there. Fewer than there are accounts if some are missing. */
    static List<Long> balances(List<Optional<VersionedValue>> accounts) {
        List<Long> balances = new ArrayList<>();
        accounts.forEach(account -> account.ifPresent(found -> balances.add(Long.parseLong(Keys.text(found.value())))));
        return balances;
    }
}
