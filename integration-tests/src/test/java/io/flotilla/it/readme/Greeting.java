package io.flotilla.it.readme;

import io.flotilla.client.CasResult;
import io.flotilla.client.Expectation;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.Row;
import io.flotilla.client.ScanQuery;
import io.flotilla.client.VersionedValue;

/** Writes, reads, changes under a condition, and scans. */
public final class Greeting {
    public static void main(String[] endpoints) {
        try (FlotillaClient fleet = FlotillaClient.connect(endpoints[0])) {
            fleet.put("greeting/en", "hello");
            fleet.put("greeting/fr", "bonjour");
            fleet.append("greeting/en", ", world");

            VersionedValue english = fleet.get("greeting/en").orElseThrow();
            CasResult swapped =
                    fleet.compareAndSet("greeting/en", Expectation.version(english.version()), english.text() + "!");
            System.out.println("changed: " + swapped.done());

            long visits = fleet.increment("visits", 1);
            System.out.println("visits: " + visits);

            for (Row row : fleet.scan(ScanQuery.all().prefix("greeting/"))) {
                System.out.println(row.keyText() + " = " + row.valueText());
            }
        }
    }

    private Greeting() {}
}
