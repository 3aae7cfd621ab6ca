import t from "tap";
import { OCI_VERSION, OCI_VERSION_MIN, refuseVersion } from "../../../src/spec/versions.js";

t.test("all of 1.x is taken", async (t) => {
  for (const version of [OCI_VERSION, OCI_VERSION_MIN, "1.0.2-dev", "1.0.0-rc5", "1.2.1+build.5", "1.99.0"]) {
    t.equal(refuseVersion(version), undefined, version);
  }
});

t.test("others are refused with the range that is taken", async (t) => {
  for (const version of ["2.0.0", "0.2.0", "10.0.0"]) {
    t.equal(refuseVersion(version), "expected a version that is supported (this runtime takes 1.0.0 to 1.x)", version);
  }
  for (const version of ["", "1.0", "v1.0.0", "1.0.0 ", "01.0.0", "latest", "1.0.0\n"]) {
    t.equal(
      refuseVersion(version),
      "expected a version such as 1.3.0 (this runtime takes 1.0.0 to 1.x)",
      JSON.stringify(version),
    );
  }
});
