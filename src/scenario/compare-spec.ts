/** What `squall compare SCENARIO` runs in turn. */
export interface CompareSpec {
  /** Undefined: the only one of the target. */
  member?: string;
  baseline: MemberSettings;
  candidate: MemberSettings;
  /** Runs of each side. */
  pairs: number;
}

/** What of the member is other than the target says; paths are absolute. */
export interface MemberSettings {
  config?: string;
  binary?: string;
  image?: string;
}
