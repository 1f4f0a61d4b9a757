package io.flotilla.kv.move.copy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CopyPlacesTest {
    private final List<Long> granted = new ArrayList<>();

    private static HoldKey key(long move) {
        return new HoldKey(1, 100 - move, move);
    }

    private void take(CopyPlaces places, long move) {
        places.take(key(move), () -> granted.add(move));
    }

    @Test
    void whoIsFirstInTheOrderOfMovesIsNext() {
        CopyPlaces places = CopyPlaces.inOrderOfMoves(2);
        take(places, 5);
        take(places, 4);
        take(places, 3);
        take(places, 1);
        take(places, 2);
        assertThat(granted).containsExactly(5L, 4L);
        places.leave(key(4));
        places.leave(key(2));
        places.leave(key(5));
        assertThat(granted).containsExactly(5L, 4L, 1L, 3L);
        assertThat(places.has(key(1))).isTrue();
        assertThat(places.has(key(2))).isFalse();
    }

    @Test
    void whoWaitsLongestIsNext() {
        CopyPlaces places = CopyPlaces.inOrderOfArrival(1);
        take(places, 5);
        take(places, 9);
        take(places, 1);
        places.leave(key(5));
        take(places, 5);
        places.leave(key(9));
        places.leave(key(1));
        assertThat(granted).containsExactly(5L, 9L, 1L, 5L);
    }

    @Test
    void whoHasAPlaceTakesNoSecondOne() {
        CopyPlaces places = CopyPlaces.inOrderOfMoves(2);
        take(places, 5);
        take(places, 5);
        take(places, 6);
        assertThat(granted).containsExactly(5L, 6L);
        places.leave(key(5));
        places.leave(key(5));
        take(places, 7);
        take(places, 8);
        assertThat(granted).containsExactly(5L, 6L, 7L);
    }
}
