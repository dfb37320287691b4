"""GetWorkbinContent (8.5.2): have the content of a workbin published on the agent's topic.

It concerns no interaction: the REST resources of interactions and workbins serve it.
"""

from typing import Final

from services.gateway.operations.definition import OperationDescription
from services.gateway.operations.parameters.workbin_lookup import WorkbinParameters
from services.gateway.operations.request import OK

GET_WORKBIN_CONTENT: Final = OperationDescription(
    name="GetWorkbinContent",
    summary="Have the content of a workbin sent on the topic `/v2/me/interactions`.",
    parameters=WorkbinParameters,
    example={"workbin": "email.in-progress"},
    answer=OK,
)
