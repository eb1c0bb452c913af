//! Money is put on a gift card, or points on a loyalty card, by the shop's own call.

use super::*;
use crate::loyalty::Note;

/// Put money on a gift card, or take some off.
#[utoipa::path(post, path = "/v1/vouchers/{code}/balance", request_body = BalanceChange,
    responses((status = 200, body = BalanceView)))]
pub(super) async fn balance(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(code): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/vouchers/{code}/balance");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let sent: BalanceChange = parse(&body)?;
    retry(|| loaded(&app, &caller, (&code, &sent), (once, &body))).await
}

async fn loaded(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (code, sent): (&str, &BalanceChange),
    (once, body): (Option<once::Key>, &[u8]),
) -> Result<Option<Answer>, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let (issued, version) = find(app, caller.project, code).await?;
    let (campaign, _) = standing(&compiled, &issued)?;
    let voucher = &issued.thing.voucher;
    // The shop's own number of the change says more than a header: it is the same on every retry.
    let of = format!("balance {}", voucher.id.0);
    let source = sent.source_id.as_deref();
    let source = source.filter(|source| !source.is_empty());
    let source = source.map(|source| once::Key::of_source(caller.project, (&of, source), body));
    let once = source.or(once);
    if issued.thing.card().is_some() {
        let points = sent.points();
        let change = loyalties::Change::as_gift(&points, (once, body));
        return loyalties::change(At::of(app, caller), (issued, version), &change).await;
    }
    if !voucher.is_gift_card() {
        return Err(refuse(Key::InvalidVoucher, "it has no balance"));
    }
    let amount = sent.amount.unsigned_abs();
    if amount > wire::voucherify::MAX_MINOR {
        return Err(refuse(Key::InvalidAddBalanceParams, "/amount: too large"));
    }
    let card = card(voucher, &campaign);
    let happening = if sent.amount < 0 {
        Happening::GiftWithdrawn {
            card: &card,
            amount,
        }
    } else {
        Happening::GiftLoaded {
            card: &card,
            amount,
        }
    };
    let chain = app.next_id()?;
    let booking = book(&happening, chain);
    let counts = counts(app, caller.project, (&issued, &campaign)).await?;
    let after = counts.gift.after(sent.amount);
    let id = ids::format(Tag::Voucher, voucher.id.0);
    let total = after.loaded.saturating_sub(after.withdrawn);
    let view = BalanceView::new(id, sent.amount, total, after.balance);
    let told = loaded_card(voucher, after);
    let mut writes = webhooks::tell(At::of(app, caller), Event::GiftLoaded, &told).await?;
    writes.extend(noted(sent, chain)?);
    let answer = Answer::ok(&view)?;
    let command = Command {
        now: caller.now,
        once: once.map(|key| key.once(&answer)),
        expects: vec![expect(voucher.id.0, version)],
        openings: booking.openings,
        chain: booking.chain,
        ..crate::setup::writes(caller.project, writes)
    };
    match answer.after(app.submit(command).await?)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Rejected { .. }) => Err(refuse(Key::GiftAmountExceeded, code)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("a card was not loaded: {other:?}"))),
    }
}

/// What the shop says of a change, kept beside the line of the card's books.
fn noted(sent: &BalanceChange, chain: u64) -> Result<Option<Write>, Refused> {
    let is_said = sent.source_id.is_some() || sent.reason.is_some();
    let note = Note {
        source_id: sent.source_id.clone(),
        reason: sent.reason.clone(),
        ..Note::default()
    };
    is_said.then(|| note.put(chain)).transpose()
}
