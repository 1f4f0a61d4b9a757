package io.flotilla.raft.scenario;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.TestLog;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.message.Message.AppendReject;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.PreVoteReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.ReadIndexReply;
import io.flotilla.raft.core.message.Message.ReadIndexRequest;
import io.flotilla.raft.core.message.Message.TimeoutNow;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import io.flotilla.raft.core.transfer.OtherDisks;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** How messages, entries and states are written in transcripts. An entry is term:index. */
final class Words {
    private Words() {}

    static String of(Message message) {
        if (message instanceof PreVoteRequest m) {
            return "PreVote t" + m.term() + ", log ends " + of(m.last());
        } else if (message instanceof PreVoteReply m) {
            return "PreVoteReply t" + m.term() + (m.granted() ? " yes" : " no");
        } else if (message instanceof VoteRequest m) {
            return "Vote t" + m.term() + ", log ends " + of(m.last()) + (m.byTransfer() ? ", transfer" : "");
        } else if (message instanceof ReadIndexRequest m) {
            return "ReadIndex t" + m.term() + " question " + m.number() % 10_000;
        } else if (message instanceof ReadIndexReply m) {
            return "ReadIndexReply t" + m.term() + " question " + m.number() % 10_000 + ": " + m.index();
        } else if (message instanceof TimeoutNow m) {
            return "TimeoutNow t" + m.term() + round(m.round());
        } else if (message instanceof VoteReply m) {
            return "VoteReply t" + m.term() + (m.granted() ? " yes" : " no");
        } else if (message instanceof AppendRequest m) {
            return "Append t" + m.term() + " after " + of(m.previous()) + " [" + entries(m.entries()) + "] commit "
                    + m.commit();
        } else if (message instanceof AppendReply m) {
            return "AppendReply t" + m.term() + " holds all up to " + m.matchIndex();
        } else if (message instanceof AppendReject m) {
            StringJoiner runs = new StringJoiner(", ", ": ", "").setEmptyValue("");
            m.runs().forEach(run -> runs.add("t" + run.term() + " from " + run.firstIndex() + " on"));
            String end = m.end() < m.rejectedIndex() ? ", mine ends at " + m.end() : ", mine is";
            return "AppendReject t" + m.term() + " not the same at " + m.rejectedIndex() + end + runs;
        } else if (message instanceof Heartbeat m) {
            return "Heartbeat t" + m.term() + " commit " + m.commit() + round(m.round());
        } else if (message instanceof HeartbeatReply m) {
            return "HeartbeatReply t" + m.term() + round(m.round());
        }
        return message.toString();
    }

    /** What comes behind the node's name. */
    static String of(OtherDisks disks) {
        StringBuilder words = new StringBuilder();
        disks.quicker().forEach(node -> words.append(" quicker ").append(node));
        disks.slow().forEach(node -> words.append(" slow ").append(node));
        return words.toString();
    }

    /** Reads it, from the third word on. */
    static OtherDisks disks(String[] words) {
        TreeSet<NodeId> quicker = new TreeSet<>();
        TreeSet<NodeId> slow = new TreeSet<>();
        for (int i = 2; i + 1 < words.length; i += 2) {
            (words[i].equals("quicker") ? quicker : slow).add(new NodeId(words[i + 1]));
        }
        return new OtherDisks(quicker, slow);
    }

    private static String round(long round) {
        return round == 0 ? "" : " round " + round;
    }

    static String of(EntryId id) {
        return id.term() + ":" + id.index();
    }

    /** Reads what {@link #of(EntryId)} wrote. */
    static EntryId entryId(String word) {
        int colon = word.indexOf(':');
        return new EntryId(Long.parseLong(word.substring(0, colon)), Long.parseLong(word.substring(colon + 1)));
    }

    static String of(Entry entry) {
        String what = switch (entry.kind()) {
            case COMMAND -> new String(entry.payload(), StandardCharsets.US_ASCII);
            case NO_OP -> "no-op";
            case MEMBERSHIP -> of(MembershipCodec.decode(entry.payload()));
        };
        return of(entry.id()) + "=" + what;
    }

    /** Voters, who voted before while it is joint, and learners: {@code {a d from a b, learner c}}. */
    static String of(Membership membership) {
        return "{" + names(membership.voters()) + of(" from ", membership.outgoing())
                + of(", learner ", membership.learners()) + of(", learner next ", membership.learnersNext()) + "}";
    }

    private static String of(String what, Collection<NodeId> nodes) {
        return nodes.isEmpty() ? "" : what + names(nodes);
    }

    private static String names(Collection<NodeId> nodes) {
        return nodes.stream().map(NodeId::value).collect(Collectors.joining(" "));
    }

    static String entries(List<Entry> entries) {
        return entries.stream().map(Words::of).collect(Collectors.joining(" "));
    }

    /** As in {@code add-voter d remove c jointly}. */
    static String of(MembershipChange change) {
        StringBuilder text = new StringBuilder();
        for (MembershipChange.Step step : change.steps()) {
            text.append(step.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                    .append(' ')
                    .append(step.node())
                    .append(' ');
        }
        return text + (change.joint() ? "jointly" : "");
    }

    /** Reads what {@link #of(MembershipChange)} wrote. */
    static MembershipChange change(List<String> words) {
        List<MembershipChange.Step> steps = new ArrayList<>();
        for (int i = 0; i + 1 < words.size(); i += 2) {
            String kind = words.get(i).toUpperCase(Locale.ROOT).replace('-', '_');
            steps.add(new MembershipChange.Step(MembershipChange.Kind.valueOf(kind), new NodeId(words.get(i + 1))));
        }
        return new MembershipChange(steps, words.size() % 2 == 1);
    }

    static String of(RoleName role) {
        return role.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What a replica became, or null if nothing that matters changed. */
    static String change(SoftState before, SoftState after) {
        if (before.role() == after.role()
                && before.term() == after.term()
                && (before.leader() == null
                        ? after.leader() == null
                        : before.leader().equals(after.leader()))) {
            return null;
        }
        if (after.role() != RoleName.FOLLOWER) {
            return of(after.role()) + " in term " + after.term();
        }
        return "follower in term " + after.term() + (after.leader() == null ? "" : ", of " + after.leader());
    }

    /** What a batch makes durable. */
    static String of(PersistBatch batch) {
        StringBuilder text = new StringBuilder();
        if (batch.hardState() != null) {
            text.append(", term ").append(batch.hardState().term());
            if (batch.hardState().votedFor() != null) {
                text.append(" with a vote for ").append(batch.hardState().votedFor());
            }
        }
        if (batch.base() != null) {
            text.append(", the log begins after ").append(of(batch.base()));
        }
        if (!batch.entries().isEmpty()) {
            text.append(", ").append(entries(batch.entries()));
        }
        return text.isEmpty() ? "nothing new" : text.substring(2);
    }

    /** The terms of a log's entries, one number each. */
    static String of(TestLog log) {
        String terms = log.entries.stream().map(e -> String.valueOf(e.term())).collect(Collectors.joining(" "));
        String begin = log.base.index() == 0 ? "" : "(up to " + of(log.base) + ") ";
        return (begin + terms).isBlank() ? "-" : (begin + terms).strip();
    }
}
