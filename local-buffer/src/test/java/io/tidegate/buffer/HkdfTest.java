package io.tidegate.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The vectors of RFC 5869, appendix A, for SHA-256. */
class HkdfTest {
    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    private static String range(int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i <= to; i++) {
            text.append(HexFormat.of().toHexDigits((byte) i));
        }
        return text.toString();
    }

    private static void verify(String salt, String material, String info, String pseudorandom, String made) {
        assertThat(Hkdf.extract(hex(salt), hex(material))).isEqualTo(hex(pseudorandom));
        assertThat(Hkdf.derive(hex(salt), hex(material), hex(info), made.length() / 2))
                .isEqualTo(hex(made));
    }

    @Test
    void derive_givesTheVectorOfA1() {
        verify(
                range(0x00, 0x0c),
                "0b".repeat(22),
                range(0xf0, 0xf9),
                "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    }

    @Test
    void derive_givesTheVectorOfA2_overMoreThanOneBlock() {
        verify(
                range(0x60, 0xaf),
                range(0x00, 0x4f),
                range(0xb0, 0xff),
                "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                        + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                        + "cc30c58179ec3e87c14c01d5c1f3434f1d87");
    }

    @Test
    void derive_givesTheVectorOfA3_withoutSaltAndInfo() {
        verify(
                "",
                "0b".repeat(22),
                "",
                "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    }
}
