package io.flotilla.it.sim;

import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.CommandOutcome;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.sim.TraceHash;
import java.util.List;

/** What results and states of the fleet's machines add up to, for comparing replicas. */
public final class Fingerprints {
    private Fingerprints() {}

    /** Of what a machine answered to one entry. */
    public static long ofResult(Object result) {
        if (result instanceof List<?> list) {
            long hash = list.size();
            for (Object each : list) {
                hash = hash * 31 + ofResult(each);
            }
            return hash;
        }
        if (result instanceof CommandOutcome outcome) {
            Response.Builder response = Response.newBuilder();
            if (outcome.refusal() == null) {
                outcome.answer(response);
            } else {
                response.setRefusal(outcome.refusal());
            }
            return TraceHash.of(response.build().toByteArray());
        }
        return result == null ? 0 : TraceHash.of(result.toString());
    }

    /** Of all that a machine holds. */
    public static long ofState(StateMachine machine) {
        try {
            return machine.as(KvStateMachine.class).checksum();
        } catch (ClassCastException e) {
            return 0; // the controller's; its configurations are compared as they are shown
        }
    }
}
