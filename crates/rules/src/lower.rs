//! Which part of CEL is in the closed set, and what is said of the rest?

use std::collections::BTreeMap;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, SourceInfo, operators,
};

use crate::{
    Clock, Condition, Diagnostic, Fold, LINES, Op, Operator, Path, Term, Value, moment,
    parse::{MAX_DEPTH, MAX_LIST, MAX_NODES},
    spec::{calculate, is_alike},
};

pub(crate) type Lowered = (Condition, BTreeMap<Path, usize>);

/// Lowers a parsed tree; every refusal is reported, in the order of the text.
pub(crate) fn lower(tree: &IdedExpr, source: &SourceInfo) -> Result<Lowered, Vec<Diagnostic>> {
    let mut lowering = Lowering {
        source,
        refusals: Vec::new(),
        places: BTreeMap::new(),
        line: None,
        nodes: 0,
        depth: 0,
    };
    let condition = lowering.condition(tree);
    let mut refusals = lowering.refusals;
    refusals.sort_by_key(|refusal| refusal.at);
    refusals.dedup();
    match condition {
        Some(condition) if refusals.is_empty() => Ok((condition, lowering.places)),
        _ => Err(refusals),
    }
}

/// `None` from its methods means: refused, and the refusal is noted.
struct Lowering<'s> {
    source: &'s SourceInfo,
    refusals: Vec<Diagnostic>,
    places: BTreeMap<Path, usize>,
    /// The name of the line while inside a question about lines.
    line: Option<String>,
    nodes: usize,
    depth: usize,
}

/// What a comprehension over the order's lines asks.
enum Asked<'e> {
    Some,
    Every,
    Filter,
    /// What of each line.
    Map(&'e IdedExpr),
}

impl Lowering<'_> {
    fn condition(&mut self, node: &IdedExpr) -> Option<Condition> {
        self.enter(node)?;
        let condition = match &node.expr {
            Expr::Literal(LiteralValue::Boolean(known)) => Some(if *known.inner() {
                Condition::Always
            } else {
                Condition::never()
            }),
            Expr::Select(select) if select.test => self.presence(node),
            Expr::Ident(_) | Expr::Select(_) => self.flag(node),
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => self.question(node, comprehension),
            _ => self.refuse(node, "not_a_condition", "Only a comparison can stand here."),
        };
        self.depth -= 1;
        condition
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Condition> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) => {
                let (left, right) = (self.condition(left), self.condition(right));
                Some(Condition::all([left?, right?]))
            }
            (operators::LOGICAL_OR, [left, right]) => {
                let (left, right) = (self.condition(left), self.condition(right));
                Some(Condition::any([left?, right?]))
            }
            (operators::LOGICAL_NOT, [inner]) => self
                .condition(inner)
                .map(|inner| Condition::Not(Box::new(inner))),
            (operators::INDEX, [_, _]) => self.flag(node),
            (name, [right]) => match (text_op(name), &call.target) {
                (Some(op), Some(left)) => self.test(left, op, right),
                _ => self.refuse_call(node, name),
            },
            (name, [left, right]) => match comparison(name) {
                Some(op) => self.test(left, op, right),
                None => self.refuse_call(node, name),
            },
            (name, _) => self.refuse_call(node, name),
        }
    }

    /// A fact that stands alone must be true.
    fn flag(&mut self, node: &IdedExpr) -> Option<Condition> {
        let path = self.path(node)?;
        Some(Condition::test(path, Op::Equal, true))
    }

    fn presence(&mut self, node: &IdedExpr) -> Option<Condition> {
        self.path(node).map(Condition::Known)
    }

    fn test(&mut self, left: &IdedExpr, op: Op, right: &IdedExpr) -> Option<Condition> {
        let (a, b) = (self.term(left), self.right_side(op, right));
        let (a, b) = (a?, b?);
        if matches!((&a, &b), (Term::Value(_), Term::Value(_))) {
            return self.refuse(left, "no_fact", "A comparison must read at least one fact.");
        }
        let ordered = matches!(op, Op::Less | Op::AtMost | Op::More | Op::AtLeast);
        for (node, term) in [(left, &a), (right, &b)] {
            if ordered && matches!(term, Term::Value(Value::Text(_) | Value::Bool(_))) {
                let message = "Only numbers, timestamps and durations have an order.";
                return self.refuse(node, "no_order", message);
            }
            let takes_text = text_op_sign(op).is_some();
            if takes_text && !matches!(term, Term::Fact(_) | Term::Value(Value::Text(_))) {
                return self.refuse(
                    node,
                    "not_a_text",
                    "Only a text has a beginning and an end.",
                );
            }
        }
        Some(Condition::Test {
            left: a,
            op,
            right: b,
        })
    }

    fn right_side(&mut self, op: Op, node: &IdedExpr) -> Option<Term> {
        match (op, &node.expr) {
            (Op::In, Expr::List(list)) => self.list(node, list).map(Term::Value),
            (Op::In, Expr::Ident(_) | Expr::Select(_) | Expr::Call(_)) => {
                self.path(node).map(Term::Fact)
            }
            (Op::In, _) => self.refuse(node, "not_a_list", "`in` needs a list or a list fact."),
            _ => self.term(node),
        }
    }

    fn list(&mut self, node: &IdedExpr, list: &ListExpr) -> Option<Value> {
        if list.elements.len() > MAX_LIST {
            let message = format!("A list may have at most {MAX_LIST} items.");
            return self.refuse(node, "list_too_long", &message);
        }
        let mut items: Vec<Value> = Vec::with_capacity(list.elements.len());
        for element in &list.elements {
            let item = self.item(element)?;
            let same = |first: &Value| is_alike(first, &item);
            if !items.first().is_none_or(same) {
                let message = "The items of a list must all be of one type.";
                return self.refuse(element, "mixed_list", message);
            }
            items.push(item);
        }
        Some(Value::List(items))
    }

    /// An item of a list does not count as a node: lists have a limit of their own.
    fn item(&mut self, node: &IdedExpr) -> Option<Value> {
        let nodes = self.nodes;
        let term = self.term(node)?;
        self.nodes = nodes;
        match term {
            Term::Value(value) => Some(value),
            _ => self.refuse(node, "fact_in_list", "A list may hold only constants."),
        }
    }

    fn term(&mut self, node: &IdedExpr) -> Option<Term> {
        self.enter(node)?;
        let term = match &node.expr {
            Expr::Literal(literal) => self.literal(node, literal).map(Term::Value),
            Expr::Ident(_) => self.path(node).map(Term::Fact),
            Expr::Select(select) if !select.test => self.path(node).map(Term::Fact),
            Expr::Call(call) => self.value_call(node, call),
            Expr::List(_) => self.refuse(
                node,
                "list_compared",
                "A list can stand only to the right of `in`.",
            ),
            _ => self.refuse(
                node,
                "not_a_value",
                "Only a fact or a constant can stand here.",
            ),
        };
        self.depth -= 1;
        term
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Option<Value> {
        match literal {
            LiteralValue::Boolean(value) => Some(Value::Bool(*value.inner())),
            LiteralValue::Int(value) => Some(Value::Int(*value.inner())),
            LiteralValue::String(value) => Some(value.inner().into()),
            LiteralValue::Double(value) => {
                let message = "A number has at most 17 digits, and 30 of them after the point.";
                let number = Value::number(&format!("{:e}", value.inner()));
                number.or_else(|| self.refuse(node, "too_fine", message))
            }
            LiteralValue::UInt(_) => {
                self.refuse(node, "unsigned", "Leave out the `u`: numbers are signed.")
            }
            LiteralValue::Bytes(_) => {
                self.refuse(node, "bytes", "Bytes cannot be compared; write a text.")
            }
            LiteralValue::Null => self.refuse(
                node,
                "null",
                "Facts are never null: ask `has(…)` whether one is known.",
            ),
        }
    }

    fn value_call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Term> {
        match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            ("timestamp", None, [text]) => {
                let message = "Write an instant as \"2026-01-31T12:00:00Z\", to the millisecond.";
                let value = self.constant(text, moment::timestamp, ("bad_timestamp", message))?;
                Some(Term::Value(Value::Time(value)))
            }
            ("duration", None, [text]) => {
                let message = "Write a duration as \"720h\" or \"1h30m\", to the millisecond.";
                let value = self.constant(text, moment::duration, ("bad_duration", message))?;
                Some(Term::Value(Value::Duration(value)))
            }
            ("size", None, [of]) => self.count(of),
            ("size", Some(of), []) => self.count(of),
            (name, Some(of), []) if fold(name).is_some() => {
                let fold = fold(name)?;
                self.folded(node, fold, of)
            }
            (name, None, [of]) if Clock::named(name).is_some() => {
                self.told(Clock::named(name)?, of)
            }
            (operators::NEGATE, None, [inner]) => {
                let zero = Term::Value(Value::Int(0));
                let inner = self.term(inner)?;
                self.sum(node, (zero, Operator::Minus, inner))
            }
            (operators::INDEX, None, [_, _]) => self.path(node).map(Term::Fact),
            (name, None, [left, right]) => match arithmetic(name) {
                Some(operator) => {
                    let (a, b) = (self.term(left), self.term(right));
                    self.sum(node, (a?, operator, b?))
                }
                None => self.refuse_call(node, name),
            },
            (name, _, _) => self.refuse_call(node, name),
        }
    }

    fn constant(
        &mut self,
        node: &IdedExpr,
        read: fn(&str) -> Option<i64>,
        (code, message): (&'static str, &str),
    ) -> Option<i64> {
        let value = match &node.expr {
            Expr::Literal(LiteralValue::String(text)) => read(text.inner()),
            _ => None,
        };
        value.or_else(|| self.refuse(node, code, message))
    }

    /// Constants are folded, so that a printed condition reads back as it was.
    fn sum(&mut self, node: &IdedExpr, parts: (Term, Operator, Term)) -> Option<Term> {
        let (left, operator, right) = parts;
        for term in [&left, &right] {
            if matches!(term, Term::Value(Value::Text(_) | Value::Bool(_))) {
                let message = "Only numbers, timestamps and durations can be calculated with.";
                return self.refuse(node, "not_a_number", message);
            }
        }
        if let (Term::Value(a), Term::Value(b)) = (&left, &right) {
            let message = "This calculation has no whole-number answer.";
            return match calculate(a, operator, b) {
                Some(value) => Some(Term::Value(value)),
                None => self.refuse(node, "no_answer", message),
            };
        }
        Some(Term::Sum {
            left: Box::new(left),
            operator,
            right: Box::new(right),
        })
    }

    /// `order.lines.size()`, `order.lines.filter(l, …).size()` and the size of a list fact.
    fn count(&mut self, node: &IdedExpr) -> Option<Term> {
        let condition = match &node.expr {
            Expr::Comprehension(comprehension) => match asked(comprehension) {
                Some((Asked::Filter, Some(inner))) => {
                    self.over_lines(comprehension, |within| within.condition(inner))?
                }
                _ => return self.refuse_macro(node),
            },
            _ if dotted(node).as_deref() == Some(LINES) && self.line.is_none() => {
                self.note(LINES.into(), node);
                Condition::Always
            }
            _ if dotted(node).is_some_and(|path| path != LINES) => {
                return self.path(node).map(Term::Size);
            }
            _ => {
                let message = "Only the size of a list fact or of `order.lines` can be asked, the \
                               latter not inside its lines.";
                return self.refuse(node, "size", message);
            }
        };
        Some(Term::Lines(Box::new(condition)))
    }

    /// `weekday(customer.metadata.joined)`.
    fn told(&mut self, clock: Clock, node: &IdedExpr) -> Option<Term> {
        let of = Box::new(self.term(node)?);
        if let Term::Fact(_) | Term::Value(Value::Time(_) | Value::Text(_)) = *of {
            return Some(Term::Told { clock, of });
        }
        let message = "Only a fact or an instant can stand here.";
        self.refuse(node, "not_an_instant", message)
    }

    /// `order.lines.map(l, l.quantity).sum()` and `order.lines.map(l, …, l.price).min()`.
    fn folded(&mut self, node: &IdedExpr, fold: Fold, of: &IdedExpr) -> Option<Term> {
        let Expr::Comprehension(asks) = &of.expr else {
            return self.refuse_call(node, fold.name());
        };
        let Some((Asked::Map(number), of_those)) = asked(asks) else {
            return self.refuse_macro(of);
        };
        let lines = match of_those {
            Some(inner) => self.over_lines(asks, |within| within.condition(inner))?,
            None => Condition::Always,
        };
        let path = self.over_lines(asks, |within| within.path(number))?;
        if !path.as_str().starts_with("line.") {
            return self.refuse(number, "not_of_line", "Name a fact of the line.");
        }
        let lines = Box::new(lines);
        Some(Term::Folded { fold, path, lines })
    }

    fn question(&mut self, node: &IdedExpr, asks: &ComprehensionExpr) -> Option<Condition> {
        match asked(asks) {
            Some((Asked::Some, Some(inner))) => {
                let inner = self.over_lines(asks, |within| within.condition(inner))?;
                Some(Condition::AnyLine(Box::new(inner)))
            }
            Some((Asked::Every, Some(inner))) => {
                let inner = self.over_lines(asks, |within| within.condition(inner))?;
                Some(Condition::EveryLine(Box::new(inner)))
            }
            _ => self.refuse_macro(node),
        }
    }

    fn over_lines<T>(
        &mut self,
        asks: &ComprehensionExpr,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let range = &asks.iter_range;
        if dotted(range).as_deref() != Some(LINES) {
            return self.refuse(
                range,
                "not_lines",
                "Only `order.lines` can be gone through.",
            );
        }
        if self.line.is_some() {
            let message = "A question about lines cannot stand inside another.";
            return self.refuse(range, "nested_lines", message);
        }
        self.note(LINES.into(), range);
        self.line = Some(asks.iter_var.clone());
        let inner = read(self);
        self.line = None;
        inner
    }

    /// The dotted path of a fact; inside a question about lines, its variable reads `line`.
    fn path(&mut self, node: &IdedExpr) -> Option<Path> {
        let Some(written) = dotted(node) else {
            return self.refuse(
                node,
                "not_a_fact",
                "Only the dotted name of a fact can stand here.",
            );
        };
        let (root, rest) = match written.split_once('.') {
            Some((root, rest)) => (root, Some(rest)),
            None => (written.as_str(), None),
        };
        let path: Path = match (&self.line, rest) {
            (Some(line), Some(rest)) if line == root => format!("line.{rest}").into(),
            (Some(line), None) if line == root => {
                return self.refuse(node, "line_itself", "Name a fact of the line.");
            }
            (Some(_), _) if root == "line" => {
                let message = "Inside a question about lines, use the name given to the line.";
                return self.refuse(node, "other_line", message);
            }
            _ => written.as_str().into(),
        };
        if path.as_str() == LINES {
            let message = "Ask `exists`, `all` or `filter(…).size()` of the lines of an order.";
            return self.refuse(node, "lines_as_value", message);
        }
        self.note(path.clone(), node);
        Some(path)
    }

    fn note(&mut self, path: Path, node: &IdedExpr) {
        let at = self.place(node);
        self.places.entry(path).or_insert(at);
    }

    /// Counts a node and one more level of depth, which the caller takes back.
    fn enter(&mut self, node: &IdedExpr) -> Option<()> {
        self.nodes += 1;
        self.depth += 1;
        if self.nodes > MAX_NODES {
            let message = format!("A condition may have at most {MAX_NODES} parts.");
            return self.refuse(node, "too_many_parts", &message);
        }
        if self.depth > MAX_DEPTH {
            let message = format!("A condition may be nested at most {MAX_DEPTH} deep.");
            return self.refuse(node, "too_deep", &message);
        }
        Some(())
    }

    fn refuse_macro<T>(&mut self, node: &IdedExpr) -> Option<T> {
        let message = "Of lines, only `exists`, `all`, `filter(…).size()` and `map(…).sum()`, \
                       `.min()` or `.max()` can be asked.";
        self.refuse(node, "unsupported_macro", message)
    }

    fn refuse_call<T>(&mut self, node: &IdedExpr, name: &str) -> Option<T> {
        let sign = name.trim_matches(['_', '@']).replace("_?_:_", "?:");
        let message = format!("`{sign}` is not something a condition can use here.");
        self.refuse(node, "unsupported_call", &message)
    }

    fn refuse<T>(&mut self, node: &IdedExpr, code: &'static str, message: &str) -> Option<T> {
        // One refusal for each limit is enough.
        let limits = ["too_many_parts", "too_deep"];
        if !limits.contains(&code) || self.refusals.iter().all(|other| other.code != code) {
            let at = self.place(node);
            self.refusals.push(Diagnostic {
                at,
                code,
                message: message.to_owned(),
            });
        }
        None
    }

    /// Where the node begins: the parser notes the place of its sign or bracket.
    fn place(&self, node: &IdedExpr) -> usize {
        let first = match &node.expr {
            Expr::Select(select) => Some(select.operand.as_ref()),
            Expr::Call(call) => call.target.as_deref().or(match call.func_name.as_str() {
                name if name.starts_with('_') || name == operators::IN => call.args.first(),
                _ => None,
            }),
            Expr::Comprehension(comprehension) => Some(&comprehension.iter_range),
            _ => None,
        };
        match first {
            Some(first) => self.place(first),
            None => self
                .source
                .offset_for(node.id)
                .map_or(0, |(start, _)| start as usize),
        }
    }
}

/// `a.b["c d"]` as `a.b.c d`.
fn dotted(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.trim_start_matches('.').to_owned()),
        Expr::Select(select) => Some(format!("{}.{}", dotted(&select.operand)?, select.field)),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX, [of, key]) => match &key.expr {
                Expr::Literal(LiteralValue::String(key)) => {
                    Some(format!("{}.{}", dotted(of)?, key.inner()))
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// What the parser's expansion of `exists`, `all`, `filter` and `map` asked, and of which lines.
fn asked(comprehension: &ComprehensionExpr) -> Option<(Asked<'_>, Option<&IdedExpr>)> {
    let Expr::Call(step) = &comprehension.loop_step.expr else {
        return None;
    };
    let accumulator = Expr::Ident(comprehension.accu_var.clone());
    let is_accumulator = |node: &IdedExpr| node.expr == accumulator;
    let line = &comprehension.iter_var;
    match (step.func_name.as_str(), step.args.as_slice()) {
        (operators::LOGICAL_OR, [result, inner]) if is_accumulator(result) => {
            Some((Asked::Some, Some(inner)))
        }
        (operators::LOGICAL_AND, [result, inner]) if is_accumulator(result) => {
            Some((Asked::Every, Some(inner)))
        }
        (operators::CONDITIONAL, [inner, step, result]) if is_accumulator(result) => {
            match added(step)? {
                kept if matches!(&kept.expr, Expr::Ident(name) if name == line) => {
                    Some((Asked::Filter, Some(inner)))
                }
                of_line => Some((Asked::Map(of_line), Some(inner))),
            }
        }
        (operators::ADD, [result, _]) if is_accumulator(result) => {
            Some((Asked::Map(added(&comprehension.loop_step)?), None))
        }
        _ => None,
    }
}

/// What a step adds to the result.
fn added(step: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(add) = &step.expr else {
        return None;
    };
    match &add.args.get(1)?.expr {
        Expr::List(list) => match list.elements.as_slice() {
            [one] => Some(one),
            _ => None,
        },
        _ => None,
    }
}

fn fold(name: &str) -> Option<Fold> {
    Fold::ALL.into_iter().find(|fold| fold.name() == name)
}

fn comparison(name: &str) -> Option<Op> {
    match name {
        operators::EQUALS => Some(Op::Equal),
        operators::NOT_EQUALS => Some(Op::NotEqual),
        operators::LESS => Some(Op::Less),
        operators::LESS_EQUALS => Some(Op::AtMost),
        operators::GREATER => Some(Op::More),
        operators::GREATER_EQUALS => Some(Op::AtLeast),
        operators::IN => Some(Op::In),
        _ => None,
    }
}

fn text_op(name: &str) -> Option<Op> {
    [Op::StartsWith, Op::EndsWith, Op::Contains]
        .into_iter()
        .find(|op| text_op_sign(*op) == Some(name))
}

pub(crate) fn text_op_sign(op: Op) -> Option<&'static str> {
    match op {
        Op::StartsWith => Some("startsWith"),
        Op::EndsWith => Some("endsWith"),
        Op::Contains => Some("contains"),
        _ => None,
    }
}

fn arithmetic(name: &str) -> Option<Operator> {
    match name {
        operators::ADD => Some(Operator::Plus),
        operators::SUBSTRACT => Some(Operator::Minus),
        operators::MULTIPLY => Some(Operator::Times),
        operators::DIVIDE => Some(Operator::Over),
        operators::MODULO => Some(Operator::Modulo),
        _ => None,
    }
}
