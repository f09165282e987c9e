package io.tidegate.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JsonCutTest {
    @Test
    void elements_ofAField_areCutAsTheyStand() {
        String page =
                "{\"other\":{\"records\":[9]},\"records\":[\n{\"v\":1e999999999, \"v\":2},\n 1.10 ,\"a]\",[1,[2]]],"
                        + "\"next\":\"at:5\"}";
        assertThat(JsonCut.elements(page, "records"))
                .containsExactly("{\"v\":1e999999999, \"v\":2}", "1.10", "\"a]\"", "[1,[2]]");
        assertThat(JsonCut.elements(page, "nothing")).isEmpty();
        assertThat(JsonCut.elements("{\"records\":[]}", "records")).isEmpty();
    }

    @Test
    void value_ofAField_isCutAsItStands() {
        assertThat(JsonCut.value("{\"a\":{\"data\":1},\"data\":{\"x\": -0}}", "data"))
                .isEqualTo("{\"x\": -0}");
        assertThat(JsonCut.value("{\"a\":\"ü🚀\",\"data\":\"\\u00fc\"}", "data"))
                .isEqualTo("\"\\u00fc\"");
        assertThat(JsonCut.value("{\"data\":12345678901234567890123.10}", "data"))
                .isEqualTo("12345678901234567890123.10");
        assertThat(JsonCut.value("{\"a\":1}", "data")).isNull();
    }
}
