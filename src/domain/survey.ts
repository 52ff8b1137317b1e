/** Where a preflight looks around. */
export interface SurveyQuestion {
  readonly sourceVmId: string;
  /** The id of the resource group where everything temporary is made. */
  readonly workGroupId: string;
  readonly location: string;
  /** The size of the working VM; undefined where none is made. */
  readonly size?: string;
  readonly subnetId?: string;
  readonly regions: readonly string[];
}
