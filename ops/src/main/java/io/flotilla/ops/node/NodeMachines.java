package io.flotilla.ops.node;

import io.flotilla.controller.machine.ConfigurationListener;
import io.flotilla.controller.machine.ControllerStateMachine;
import io.flotilla.controller.service.ControllerService;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.StateMachineFactory;
import java.util.List;

/** The state machines of one node: group 0 is the controller's, all others hold data. */
final class NodeMachines implements StateMachineFactory {
    private static final String CONTROLLER_FILE = "controller";

    private final Disk disk;
    private final KvMachines data;
    private final ConfigurationListener listener;

    /** @param listener told of configurations by the controller's machine, on its lane */
    NodeMachines(Disk disk, KvMachines data, ConfigurationListener listener) {
        this.disk = disk;
        this.data = data;
        this.listener = listener;
    }

    @Override
    public StateMachine open(GroupDescriptor group) {
        return group.groupId() == ControllerService.GROUP
                ? ControllerStateMachine.open(controllerFile(), listener)
                : data.open(group);
    }

    @Override
    public void drop(long groupId) {
        if (groupId == ControllerService.GROUP) {
            ControllerStateMachine.drop(controllerFile());
        } else {
            data.drop(groupId);
        }
    }

    /** Only data groups have snapshots that last: the controller's are small. */
    @Override
    public SnapshotSource reopenSnapshot(long groupId, String name) {
        return groupId == ControllerService.GROUP ? null : data.reopenSnapshot(groupId, name);
    }

    @Override
    public List<String> keptSnapshots() {
        return data.keptSnapshots();
    }

    @Override
    public void forgetSnapshot(String name) {
        data.forgetSnapshot(name);
    }

    /** The controller's machine writes a file of many megabytes. */
    @Override
    public boolean isApart(long groupId) {
        return groupId == ControllerService.GROUP;
    }

    private StateFile controllerFile() {
        return new StateFile(disk, CONTROLLER_FILE, ControllerStateMachine.FILE_VERSION);
    }
}
