package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the operating system resolves can be used, and nobody goes through a proxy. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class AddressesTest {
    @TempDir
    Path directory;

    private static void mustServe(ProcessFleet fleet) throws Exception {
        fleet.startAll();
        fleet.run("put", "key", "value").ok();
        assertThat(fleet.run("get", "key").ok()).isEqualTo("value\n");
        fleet.kill("n1");
        assertThat(fleet.run("get", "key", "--timeout", "30s").ok()).isEqualTo("value\n");
        fleet.launch("n1");
        fleet.awaitReady("n1");
    }

    @Test
    void ipv6() throws Exception {
        boolean has = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .anyMatch(address -> address.getHostAddress().startsWith("0:0:0:0:0:0:0:1"));
        assumeTrue(has, "there is no IPv6 here");
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1).withHost("[::1]", "[::1]")) {
            mustServe(fleet);
        }
    }

    /** As networks of containers make them; with a proxy for the whole JVM that nobody would come back from. */
    @Test
    void namesWithUnderscoresPastAnyProxy() throws Exception {
        Path hosts = Files.writeString(directory.resolve("hosts"), "127.0.0.1 my_project_n_1\n127.0.0.1 localhost\n");
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1)
                .withHost("my_project_n_1", "my_project_n_1")
                .withJavaFlags(
                        "-Xmx512m",
                        "-Djdk.net.hosts.file=" + hosts,
                        "-Dhttps.proxyHost=127.0.0.1",
                        "-Dhttps.proxyPort=1",
                        "-Dhttp.proxyHost=127.0.0.1",
                        "-Dhttp.proxyPort=1")) {
            mustServe(fleet);
        }
    }

    @Test
    void listeningEverywhereUnderAnAddressThatIsToldOrThatTheSeedsTell() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1").withHost("0.0.0.0", "127.0.0.1")) {
            fleet.withNodeFlags("--advertise", fleet.address("n1"));
            fleet.launch("n1");
            assertThat(fleet.awaitReady("n1")).contains(" address=" + fleet.address("n1") + " ");
            fleet.stop("n1");
            fleet.withNodeFlags();
            fleet.launch("n1");
            assertThat(fleet.awaitReady("n1")).contains(" address=" + fleet.address("n1") + " ");
            fleet.run("put", "key", "value").ok();
        }
    }

    @Test
    void whatCantBeDialledIsRefusedInOneLine() throws Exception {
        try (ProcessFleet fleet = new ProcessFleet(directory, 1, 1, "n1")) {
            String data = directory.resolve("x").toString();
            for (String[] wrong : new String[][] {
                {"--listen", "[zz]:7400"},
                {"--listen", "a..b:7400"},
                {"--listen", "300.1.1.1:7400"},
                {"--listen", "127.0.0.1:1", "--seeds", "n1=127.0.0.1:1,n2=0.0.0.0:2"},
                {"--listen", "127.0.0.1:1", "--advertise", "[::]:2"},
                {"--listen", "127.0.0.1:1", "--advertise", "host"},
                {"--listen", "0.0.0.0:1"},
                {"--listen", "nowhere_at_all.invalid:7400", "--seeds", "n1=nowhere_at_all.invalid:7400"},
                {"--listen", "127.0.0.1:1", "--http", "nowhere.invalid:80"},
            }) {
                String[] command = new String[5 + wrong.length];
                System.arraycopy(new String[] {"node", "--id", "n1", "--data", data}, 0, command, 0, 5);
                System.arraycopy(wrong, 0, command, 5, wrong.length);
                ProcessFleet.Result refused = fleet.run(command);
                assertThat(refused.exit()).as(refused.stderr()).isIn(2, 4);
                assertThat(refused.stderr().lines().filter(line -> !line.contains("WARNING")))
                        .singleElement()
                        .asString()
                        .startsWith("flotilla: node")
                        .doesNotContain("defect", "null");
            }
            for (String endpoint : new String[] {"[zz]:1", "a b:1", "1.2.3:4", "-:0"}) {
                ProcessFleet.Result refused = fleet.run("get", "k", "--endpoints=" + endpoint);
                assertThat(refused.exit()).as(endpoint).isEqualTo(2);
                assertThat(refused.stderr()).hasLineCount(1).contains(endpoint);
            }
            ProcessFleet.Result unknown = fleet.run("get", "k", "--endpoints=no_such.invalid:7400", "--timeout", "1s");
            assertThat(unknown.exit()).isEqualTo(3);
            assertThat(unknown.stderr()).hasLineCount(1).contains("unknown host no_such.invalid");
        }
    }
}
