"""Operations of the real exchange that this one does not have: each is answered 501 with its name."""

from __future__ import annotations

import re

# "METHOD path OperationId", one a line; from the structure of the exchange's own specification, 3.34.0.
_TEXT = """
GET /communications/id GetCommunicationsID
GET /communications/block-trade-proposals GetBlockTradeProposals
POST /communications/block-trade-proposals ProposeBlockTrade
POST /communications/block-trade-proposals/{block_trade_proposal_id}/accept AcceptBlockTradeProposal
GET /communications/rfqs GetRFQs
POST /communications/rfqs CreateRFQ
GET /communications/rfqs/{rfq_id} GetRFQ
DELETE /communications/rfqs/{rfq_id} DeleteRFQ
GET /communications/rfqs/{rfq_id}/quotes/{quote_id} GetRFQQuote
DELETE /communications/rfqs/{rfq_id}/quotes/{quote_id} DeleteRFQQuote
PUT /communications/rfqs/{rfq_id}/quotes/{quote_id}/accept AcceptRFQQuote
PUT /communications/rfqs/{rfq_id}/quotes/{quote_id}/confirm ConfirmRFQQuote
GET /communications/rfq_batches GetRFQBatches
POST /communications/rfq_batches CreateRFQBatch
GET /communications/rfq_batches/{rfq_batch_id} GetRFQBatch
DELETE /communications/rfq_batches/{rfq_batch_id} DeleteRFQBatch
GET /communications/rfq_batches/{rfq_batch_id}/best_quotes GetRFQBatchBestQuotes
PUT /communications/rfq_batches/{rfq_batch_id}/accept AcceptRFQBatch
GET /communications/rfq_batches/{rfq_batch_id}/quotes GetRFQBatchQuotes
POST /communications/rfq_batches/{rfq_batch_id}/quotes CreateRFQBatchQuote
DELETE /communications/rfq_batches/{rfq_batch_id}/quotes/{batch_quote_id} DeleteRFQBatchQuote
PUT /communications/rfq_batches/{rfq_batch_id}/quotes/{batch_quote_id}/confirm ConfirmRFQBatchQuote
GET /communications/quotes GetQuotes
POST /communications/quotes CreateQuote
GET /communications/quotes/{quote_id} GetQuote
DELETE /communications/quotes/{quote_id} DeleteQuote
PUT /communications/quotes/{quote_id}/accept AcceptQuote
PUT /communications/quotes/{quote_id}/confirm ConfirmQuote
GET /search/tags_by_categories GetTagsForSeriesCategories
GET /search/filters_by_sport GetFiltersForSports
GET /live_data/milestone/{milestone_id} GetLiveDataByMilestone
GET /live_data/{type}/milestone/{milestone_id} GetLiveData
GET /live_data/batch GetLiveDatas
GET /live_data/milestone/{milestone_id}/game_stats GetGameStats
GET /live_data/events/{event_ticker} GetEventLiveData
GET /live_data/weather/{city} GetWeatherIndex
GET /live_data/weather/{city}/calibrations GetWeatherIndexCalibrations
GET /structured_targets GetStructuredTargets
GET /structured_targets/{structured_target_id} GetStructuredTarget
GET /milestones/{milestone_id} GetMilestone
GET /milestones GetMilestones
GET /multivariate_event_collections/{collection_ticker} GetMultivariateEventCollection
POST /multivariate_event_collections/{collection_ticker} CreateMarketInMultivariateEventCollection
GET /multivariate_event_collections GetMultivariateEventCollections
GET /incentive_programs GetIncentivePrograms
GET /fcm/fills GetFCMFills
GET /fcm/orders GetFCMOrders
GET /fcm/subtraders ListFCMSubtraders
POST /fcm/subtraders CreateFCMSubtrader
GET /fcm/subtraders/event_contract_daily_cap GetFCMEventContractDailyCap
PUT /fcm/subtraders/event_contract_daily_cap UpdateFCMEventContractDailyCap
DELETE /fcm/subtraders/event_contract_daily_cap DeleteFCMEventContractDailyCap
GET /fcm/subtraders/blocked_categories GetFCMSubtraderBlockedCategories
PUT /fcm/subtraders/blocked_categories UpdateFCMSubtraderBlockedCategories
GET /fcm/positions GetFCMPositions
POST /fcm/positions/transfers CreateFCMPositionTransfer
"""


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$")


NOT_MODELLED = [(method, path, name) for method, path, name in (line.split() for line in _TEXT.strip().splitlines())]
_COMPILED = [(method, _pattern(path), name) for method, path, name in NOT_MODELLED]


def operation_name(method: str, path: str) -> str:
    """Return the specification's name of an operation that is not modelled, "" where it names none."""
    for verb, pattern, name in _COMPILED:
        if verb == method and pattern.match(path):
            return name
    return ""
