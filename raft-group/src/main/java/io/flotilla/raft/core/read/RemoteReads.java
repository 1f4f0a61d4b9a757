package io.flotilla.raft.core.read;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.ReadGrant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * The questions of followers that wait at a leader along with its own reads: they have negative ids there. At most one of
 * each follower, its newest. Belongs to the leader.
 */
public final class RemoteReads {
    private final Map<NodeId, Question> questions = new TreeMap<>();
    private long lastId;

    private record Question(long readId, long number) {}

    /** A follower asks. @return the id under which it waits, or 0 if it waits already */
    public long add(NodeId from, long number) {
        Question present = questions.get(from);
        if (present != null && present.number == number) {
            return 0;
        }
        lastId--;
        questions.put(from, new Question(lastId, number));
        return lastId;
    }

    /** Takes the followers' out of what is granted. @param answer told whom to answer, with number and index */
    public List<ReadGrant> split(List<ReadGrant> grants, BiConsumer<NodeId, ReadGrant> answer) {
        if (questions.isEmpty() || grants.isEmpty()) {
            return ownOf(grants);
        }
        for (ReadGrant grant : grants) {
            if (grant.readId() < 0) {
                answer(grant, answer);
            }
        }
        return ownOf(grants);
    }

    private void answer(ReadGrant grant, BiConsumer<NodeId, ReadGrant> answer) {
        for (Map.Entry<NodeId, Question> each : questions.entrySet()) {
            if (each.getValue().readId == grant.readId()) {
                answer.accept(each.getKey(), new ReadGrant(each.getValue().number, grant.index()));
                questions.remove(each.getKey());
                return;
            }
        }
    }

    private static List<ReadGrant> ownOf(List<ReadGrant> grants) {
        if (hasOnlyOwn(grants)) {
            return grants;
        }
        List<ReadGrant> own = new ArrayList<>(grants);
        own.removeIf(grant -> grant.readId() <= 0);
        return own;
    }

    private static boolean hasOnlyOwn(List<ReadGrant> grants) {
        for (int i = 0; i < grants.size(); i++) {
            if (grants.get(i).readId() <= 0) {
                return false;
            }
        }
        return true;
    }

    /** The leader's own among the ids of reads. */
    public static List<Long> own(List<Long> readIds) {
        List<Long> own = new ArrayList<>(readIds);
        own.removeIf(id -> id < 0);
        return own;
    }
}
