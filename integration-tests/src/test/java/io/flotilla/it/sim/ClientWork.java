package io.flotilla.it.sim;

import java.time.Duration;
import java.util.List;

/**
 * What a client does.
 *
 * @param banks between whose accounts it moves money; may be empty
 * @param onlyBanks whether it does nothing else
 * @param patience how long it waits for what it asks
 * @param sleeps whether it may be stopped for minutes: then nothing that it asks must be done soon
 */
record ClientWork(List<Bank> banks, boolean onlyBanks, Duration patience, boolean sleeps) {
    private static final Duration USUAL = Duration.ofSeconds(30);
    /** Longer than it sleeps: what it asked before it asks again when it wakes. */
    private static final Duration SLEEPERS = Duration.ofMinutes(10);

    /** All kinds of operations, on keys of their own. */
    static ClientWork mixed(List<Bank> banks) {
        return new ClientWork(banks, false, USUAL, false);
    }

    static ClientWork ofBanks(List<Bank> banks) {
        return new ClientWork(banks, true, USUAL, false);
    }

    ClientWork sleeping() {
        return new ClientWork(banks, onlyBanks, SLEEPERS, true);
    }
}
