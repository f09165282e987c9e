package io.tidegate.hardware;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The arrows of docs/architecture.md: who may use whom. */
class ArchitectureTest {
    private static final List<String> MIDDLE = List.of(
            "io.tidegate.buffer..",
            "io.tidegate.adapters..",
            "io.tidegate.capture..",
            "io.tidegate.analytics..",
            "io.tidegate.uplink..");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.tidegate");

    @Test
    void everyModule_isOnTheClassPath() {
        for (String module : MIDDLE) {
            String prefix = module.replace("..", "");
            assertThat(CLASSES.stream().anyMatch(found -> found.getPackageName().startsWith(prefix)))
                    .as(prefix)
                    .isTrue();
        }
    }

    @Test
    void core_usesNoOtherModule() {
        noClasses()
                .that()
                .resideInAPackage("io.tidegate.core..")
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("io.tidegate..").and(not(resideInAnyPackage("io.tidegate.core.."))))
                .check(CLASSES);
    }

    @Test
    void theMiddleModules_neverSeeEachOther_norTheGateway() {
        for (String module : MIDDLE) {
            noClasses()
                    .that()
                    .resideInAPackage(module)
                    .should()
                    .dependOnClassesThat(resideInAnyPackage("io.tidegate..")
                            .and(not(resideInAnyPackage(module, "io.tidegate.core.."))))
                    .check(CLASSES);
        }
    }

    @Test
    void sql_staysInTheBuffer_andJettyInTheGateway() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.tidegate.buffer..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "org.sqlite..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackage("io.tidegate.gateway..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.eclipse.jetty..")
                .check(CLASSES);
    }
}
