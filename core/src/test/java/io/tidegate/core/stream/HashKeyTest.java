package io.tidegate.core.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class HashKeyTest {
    @Test
    void ofPartitionKey_isMd5AsUnsignedInteger() {
        // RFC 1321 A.5: MD5("abc") = 900150983cd24fb0d6963f7d28e17f72, above 2^127: unsigned
        assertThat(HashKey.ofPartitionKey("abc").value())
                .isEqualTo(new BigInteger("900150983cd24fb0d6963f7d28e17f72", 16));
        assertThat(HashKey.ofPartitionKey("").value())
                .isEqualTo(new BigInteger("d41d8cd98f00b204e9800998ecf8427e", 16));
    }

    @Test
    void ranges_coverTheSpaceWithoutHoleOrOverlap() {
        BigInteger next = BigInteger.ZERO;
        for (HashKeyRange range : HashKeyRange.evenly(3)) {
            assertThat(range.startInclusive().value()).isEqualTo(next);
            next = range.endInclusive().value().add(BigInteger.ONE);
        }
        assertThat(next).isEqualTo(BigInteger.TWO.pow(128));
    }

    @Test
    void keyAboveTheSpace_isRefused() {
        assertThatThrownBy(() -> HashKey.parse("340282366920938463463374607431768211456"))
                .hasMessageContaining("2^128-1");
        assertThatThrownBy(() -> HashKey.parse("-1")).hasMessageContaining("'-1'");
    }
}
